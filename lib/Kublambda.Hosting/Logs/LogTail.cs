using System.Text;
using System.Text.RegularExpressions;
using Kublambda.Contracts;

namespace Kublambda.Hosting.Logs;

/// <summary>The end of a log, as a condition may carry it.</summary>
public static partial class LogTail
{
    /// <summary>
    /// The last <see cref="Limits.LogTailLines"/> lines and <see cref="Limits.LogTailBytes"/> bytes, without control characters,
    /// empty lines and <see cref="LogSecrets">secrets</see>.
    /// </summary>
    /// <param name="log">The log, or its end.</param>
    /// <param name="secrets">Values to hide, whatever they look like.</param>
    public static string Of(string log, IEnumerable<string>? secrets = null)
    {
        var lines = LogSecrets.Hide(Clean(log), secrets).Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(Limits.LogTailLines);
        return Last(string.Join('\n', lines), Limits.LogTailBytes).TrimStart('\n');
    }

    /// <summary>Lines that end with a line feed, without escape sequences and other control characters.</summary>
    public static string Clean(string log) =>
        ControlCharacters().Replace(log.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n'), "");

    /// <summary>A text of at most <paramref name="length"/> characters.</summary>
    public static string Cut(string text, int length)
    {
        if (text.Length <= length)
            return text;
        var end = char.IsHighSurrogate(text[length - 4]) ? length - 4 : length - 3;
        return text[..end] + "...";
    }

    /// <summary>The last bytes in UTF-8, not from the middle of a character.</summary>
    private static string Last(string text, int bytes)
    {
        var all = Encoding.UTF8.GetBytes(text);
        if (all.Length <= bytes)
            return text;
        var start = all.Length - bytes;
        while (start < all.Length && (all[start] & 0xc0) == 0x80)
            start++;
        return Encoding.UTF8.GetString(all, start, all.Length - start);
    }

    [GeneratedRegex(@"\x1B\[[0-9;?]{0,20}[A-Za-z]|[\x00-\x08\x0B-\x1F\x7F]")]
    private static partial Regex ControlCharacters();
}
