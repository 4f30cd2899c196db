using System.Text;
using System.Text.RegularExpressions;
using Kublambda.Contracts;

namespace Kublambda.Builder.Builds;

/// <summary>The end of a build's log, as a condition may carry it.</summary>
public static partial class LogTail
{
    /// <summary>The last lines, within <see cref="Limits"/>, without control characters and without passwords in URLs or headers.</summary>
    public static string Of(string log)
    {
        var clean = Secrets().Replace(ControlCharacters().Replace(log.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n'), ""), "$1***");
        var lines = clean.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(Limits.LogTailLines);
        var text = string.Join('\n', lines);
        while (Encoding.UTF8.GetByteCount(text) > Limits.LogTailBytes)
            text = text[Math.Max(1, (Encoding.UTF8.GetByteCount(text) - Limits.LogTailBytes) / 4)..];
        return text.TrimStart('\n');
    }

    /// <summary>A text of at most <paramref name="length"/> characters.</summary>
    public static string Cut(string text, int length)
    {
        if (text.Length <= length)
            return text;
        var end = char.IsHighSurrogate(text[length - 4]) ? length - 4 : length - 3;
        return text[..end] + "...";
    }

    [GeneratedRegex(@"\x1B\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0B-\x1F\x7F]")]
    private static partial Regex ControlCharacters();

    [GeneratedRegex(@"(?i)((?:[a-z][a-z0-9+.-]*://[^\s/:@]*:)(?=[^\s/@]+@)|(?:authorization:\s*(?:basic|bearer)\s+))[^\s@]+")]
    private static partial Regex Secrets();
}
