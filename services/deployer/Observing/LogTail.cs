using System.Text;
using Kublambda.Contracts;

namespace Kublambda.Deployer.Observing;

/// <summary>The end of a log, small enough for a condition.</summary>
internal static class LogTail
{
    /// <summary>The last <see cref="Limits.LogTailLines"/> lines and <see cref="Limits.LogTailBytes"/> bytes, without control characters.</summary>
    public static string Of(string log)
    {
        var lines = log.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        var text = string.Join('\n', lines.TakeLast(Limits.LogTailLines).Select(Printable));
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length <= Limits.LogTailBytes)
            return text;
        var start = bytes.Length - Limits.LogTailBytes;
        // Not in the middle of a character.
        while (start < bytes.Length && (bytes[start] & 0xc0) == 0x80)
            start++;
        return Encoding.UTF8.GetString(bytes, start, bytes.Length - start);
    }

    private static string Printable(string line) => string.Concat(line.Where(c => c == '\t' || !char.IsControl(c)));
}
