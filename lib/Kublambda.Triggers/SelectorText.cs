namespace Kublambda.Triggers;

internal static class SelectorText
{
    /// <summary>The parts between commas that are in no parentheses, trimmed.</summary>
    /// <exception cref="FormatException">A part is empty, or a parenthesis has no counterpart.</exception>
    public static IReadOnlyList<string> SplitOutsideParentheses(string text)
    {
        var parts = new List<string>();
        int depth = 0, start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || (text[i] == ',' && depth == 0))
            {
                var part = text[start..i].Trim();
                if (part.Length == 0)
                    throw new FormatException($"\"{text}\" has a comma too much: write one between two requirements only.");
                parts.Add(part);
                start = i + 1;
            }
            else if (text[i] == '(')
            {
                depth++;
            }
            else if (text[i] == ')' && --depth < 0)
            {
                break;
            }
        }

        return depth == 0 ? parts : throw new FormatException($"\"{text}\" has a parenthesis without its counterpart: write for example app in (shop,desk).");
    }
}
