using System.Text.RegularExpressions;

namespace Kublambda.Triggers;

/// <summary>
/// The shape of a field selector: <c>path=value</c>, <c>path==value</c> or <c>path!=value</c>, separated by commas. Which paths a kind has
/// only the API server knows; it evaluates the selector, and refuses one that it does not support.
/// </summary>
public static partial class FieldSelector
{
    /// <summary>The selector as it is sent: without spaces, sorted; null where there is none.</summary>
    /// <exception cref="FormatException">It is none; the message says what is wrong and what to write.</exception>
    public static string? Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        return string.Join(',', SelectorText.SplitOutsideParentheses(text).Select(One).Order(StringComparer.Ordinal));
    }

    private static string One(string part)
    {
        var match = Pattern().Match(part);
        if (!match.Success)
            throw new FormatException($"\"{part}\" is not a field selector: write path=value or path!=value, for example status.phase=Failed.");
        var sign = match.Groups["operator"].Value == "!=" ? "!=" : "=";
        return match.Groups["path"].Value + sign + match.Groups["value"].Value;
    }

    [GeneratedRegex(@"^(?<path>[A-Za-z][A-Za-z0-9.\-\[\]']*)\s*(?<operator>==|=|!=)\s*(?<value>[^=!,\s]*)\z")]
    private static partial Regex Pattern();
}
