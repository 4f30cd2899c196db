using System.Text;
using Kublambda.Cel.Evaluation;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>The strings extension. All positions count code points.</summary>
internal static class StringFunctions
{
    private const CelKind Text = CelKind.String;
    private const CelKind Int = CelKind.Int;

    public static void AddTo(FunctionTable table)
    {
        Member(table, "charAt", [Text, Int], Text, (a, _) => CharAt(S(a[0]), N(a[1])));
        Member(table, "indexOf", [Text, Text], Int, (a, context) => IndexOf(S(a[0]), S(a[1]), 0, context));
        Member(table, "indexOf", [Text, Text, Int], Int, (a, context) => IndexOf(S(a[0]), S(a[1]), N(a[2]), context));
        Member(table, "lastIndexOf", [Text, Text], Int, (a, context) => LastIndexOf(S(a[0]), S(a[1]), null, context));
        Member(table, "lastIndexOf", [Text, Text, Int], Int, (a, context) => LastIndexOf(S(a[0]), S(a[1]), N(a[2]), context));
        Member(table, "lowerAscii", [Text], Text, (a, _) => new CelString(string.Create(S(a[0]).Length, S(a[0]), (to, from) => Ascii(from, to, lower: true))));
        Member(table, "upperAscii", [Text], Text, (a, _) => new CelString(string.Create(S(a[0]).Length, S(a[0]), (to, from) => Ascii(from, to, lower: false))));
        Member(table, "replace", [Text, Text, Text], Text, (a, context) => Replace(S(a[0]), S(a[1]), S(a[2]), -1, context));
        Member(table, "replace", [Text, Text, Text, Int], Text, (a, context) => Replace(S(a[0]), S(a[1]), S(a[2]), N(a[3]), context));
        Member(table, "split", [Text, Text], CelKind.List, (a, context) => Split(S(a[0]), S(a[1]), -1, context));
        Member(table, "split", [Text, Text, Int], CelKind.List, (a, context) => Split(S(a[0]), S(a[1]), N(a[2]), context));
        Member(table, "substring", [Text, Int], Text, (a, _) => Substring(S(a[0]), N(a[1]), null));
        Member(table, "substring", [Text, Int, Int], Text, (a, _) => Substring(S(a[0]), N(a[1]), N(a[2])));
        Member(table, "trim", [Text], Text, (a, _) => new CelString(S(a[0]).Trim()));
        Member(table, "reverse", [Text], Text, (a, _) => new CelString(string.Concat(CodePoints.Split(S(a[0])).Reverse())));
        Member(table, "join", [CelKind.List], Text, (a, context) => Join((CelList)a[0], "", context));
        Member(table, "join", [CelKind.List, Text], Text, (a, context) => Join((CelList)a[0], S(a[1]), context));
        Member(table, "format", [Text, CelKind.List], Text, (a, context) => StringFormat.Apply(S(a[0]), (CelList)a[1], context));
        table.Global("strings.quote", [Text], Text, (a, context) => Quote(S(a[0]), context));
    }

    private static string S(CelValue value) => ((CelString)value).Value;

    private static long N(CelValue value) => ((CelInt)value).Value;

    // Every one of these reads its receiver from end to end.
    private static void Member(FunctionTable table, string name, CelKind[] parameters, CelKind result, Implementation body) =>
        table.Member(name, parameters, result, (a, context) =>
        {
            if (a[0] is CelString text) context.Budget.Charge(text.Value.Length / 10);
            return body(a, context);
        });

    private static CelError OutOfRange(long index, string text) => new($"index {index} is outside the string of {CodePoints.Count(text)} characters");

    private static CelValue CharAt(string text, long index)
    {
        var count = CodePoints.Count(text);
        if (index < 0 || index > count) return OutOfRange(index, text);
        return index == count ? new CelString("") : Substring(text, index, index + 1);
    }

    private static CelValue Substring(string text, long start, long? end)
    {
        var count = CodePoints.Count(text);
        var stop = end ?? count;
        if (start < 0 || start > count) return OutOfRange(start, text);
        if (stop < 0 || stop > count) return OutOfRange(stop, text);
        if (start > stop) return new CelError($"the substring from {start} to {stop} runs backwards");
        return new CelString(text[CodePoints.ToUtf16(text, start)..CodePoints.ToUtf16(text, stop)]);
    }

    private static CelValue IndexOf(string text, string part, long start, EvalContext context)
    {
        context.Budget.Charge(TextFunctions.SearchCost(text, part));
        var count = CodePoints.Count(text);
        if (start < 0 || start > count) return OutOfRange(start, text);
        var found = text.IndexOf(part, CodePoints.ToUtf16(text, start), StringComparison.Ordinal);
        return new CelInt(found < 0 ? -1 : CodePoints.FromUtf16(text, found));
    }

    private static CelValue LastIndexOf(string text, string part, long? start, EvalContext context)
    {
        context.Budget.Charge(TextFunctions.SearchCost(text, part));
        var count = CodePoints.Count(text);
        if (start < 0 || start > count) return OutOfRange(start.Value, text);
        var from = CodePoints.ToUtf16(text, start ?? count);
        var found = text.AsSpan(0, (int)Math.Min(text.Length, (long)from + part.Length)).LastIndexOf(part, StringComparison.Ordinal);
        return new CelInt(found < 0 ? -1 : CodePoints.FromUtf16(text, found));
    }

    private static void Ascii(string from, Span<char> to, bool lower)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] = lower ? (char.IsAsciiLetterUpper(from[i]) ? (char)(from[i] + 32) : from[i]) : char.IsAsciiLetterLower(from[i]) ? (char)(from[i] - 32) : from[i];
    }

    private static CelString Replace(string text, string old, string replacement, long limit, EvalContext context)
    {
        context.Budget.Charge(TextFunctions.SearchCost(text, old));
        var result = new StringBuilder();
        var left = limit < 0 ? long.MaxValue : limit;
        var at = 0;

        // As in Go: an empty text is found before each character and at the end.
        if (old.Length == 0)
        {
            foreach (var character in CodePoints.Split(text))
            {
                if (left-- > 0) Put(result, replacement, context);
                result.Append(character);
            }

            if (left > 0) Put(result, replacement, context);
            return new CelString(result.ToString());
        }

        for (var found = text.IndexOf(old, StringComparison.Ordinal); found >= 0 && left-- > 0; found = text.IndexOf(old, at, StringComparison.Ordinal))
        {
            result.Append(text, at, found - at);
            Put(result, replacement, context);
            at = found + old.Length;
        }

        return new CelString(result.Append(text, at, text.Length - at).ToString());
    }

    private static void Put(StringBuilder result, string text, EvalContext context)
    {
        context.Budget.Charge(1 + (text.Length / 10));
        result.Append(text);
    }

    private static CelList Split(string text, string separator, long limit, EvalContext context)
    {
        if (limit == 0) return CelList.Empty;
        context.Budget.Charge(TextFunctions.SearchCost(text, separator));
        var parts = new List<CelValue>();
        var most = limit < 0 ? long.MaxValue : limit;
        var at = 0;
        while (parts.Count < most - 1)
        {
            var found = separator.Length > 0
                ? text.IndexOf(separator, at, StringComparison.Ordinal)
                : at + (at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1);
            if (found < 0 || (separator.Length == 0 && found >= text.Length)) break;
            context.Budget.Charge(1);
            parts.Add(new CelString(text[at..found]));
            at = found + separator.Length;
        }

        if (separator.Length > 0 || at < text.Length) parts.Add(new CelString(text[at..]));
        return CelList.Of(parts);
    }

    private static CelValue Join(CelList list, string separator, EvalContext context)
    {
        var result = new StringBuilder();
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is not CelString text) return new CelError($"join() joins strings; element {i} is {KindNames.Short(list[i].Kind)}");
            if (i > 0) Put(result, separator, context);
            Put(result, text.Value, context);
        }

        return new CelString(result.ToString());
    }

    private static CelString Quote(string text, EvalContext context)
    {
        context.Budget.Charge(text.Length / 5);
        var result = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append(rune.Value switch
            {
                '\a' => "\\a",
                '\b' => "\\b",
                '\f' => "\\f",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\v' => "\\v",
                '\\' => "\\\\",
                '"' => "\\\"",
                _ => rune.ToString(),
            });
        }

        return new CelString(result.Append('"').ToString());
    }
}
