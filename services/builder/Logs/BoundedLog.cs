using System.Text;

namespace Kublambda.Builder.Logs;

/// <summary>Reads the beginning and the end of a log of any length.</summary>
internal static class BoundedLog
{
    /// <summary>A quarter for the beginning, where a build says what it does; the rest for the end, where it says what went wrong.</summary>
    /// <param name="log">Is read to its end.</param>
    /// <param name="bytes">The most that is kept.</param>
    public static async Task<string> ReadAsync(Stream log, int bytes, CancellationToken cancellationToken)
    {
        var head = new byte[bytes / 4];
        var read = await log.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken);
        if (read < head.Length)
            return Encoding.UTF8.GetString(head, 0, read);

        var ring = new byte[bytes - head.Length];
        long total = 0;
        while (true)
        {
            var at = (int)(total % ring.Length);
            var count = await log.ReadAsync(ring.AsMemory(at), cancellationToken);
            if (count == 0)
                break;
            total += count;
        }

        var begin = total > ring.Length ? (int)(total % ring.Length) : 0;
        var kept = (int)Math.Min(total, ring.Length);
        byte[] tail = [.. ring.AsSpan(begin, kept - begin), .. ring.AsSpan(0, begin)];
        if (total <= ring.Length)
            return Encoding.UTF8.GetString([.. head, .. tail]);
        // Whole lines on both sides of the gap, where there are any.
        var first = Encoding.UTF8.GetString(head);
        var last = Encoding.UTF8.GetString(tail);
        return $"{UpToLine(first)}\n... {total - kept} bytes are left out here ...\n{FromLine(last)}";
    }

    private static string UpToLine(string text) => text.LastIndexOf('\n') is > 0 and var end ? text[..end] : text.TrimEnd('\uFFFD');

    private static string FromLine(string text) => text.IndexOf('\n', StringComparison.Ordinal) is >= 0 and var start ? text[(start + 1)..] : text.TrimStart('\uFFFD');
}
