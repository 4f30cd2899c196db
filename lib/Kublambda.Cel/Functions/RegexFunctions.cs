using System.Text.RegularExpressions;
using Kublambda.Cel.Evaluation;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary><c>matches()</c>, and Kubernetes' <c>find()</c> and <c>findAll()</c>.</summary>
internal static class RegexFunctions
{
    /// <summary>The functions whose second argument is a pattern: a literal one is compiled with the program.</summary>
    public static bool TakesPattern(string function) => function is "matches" or "find" or "findAll";

    public static void AddTo(FunctionTable table)
    {
        CelKind[] two = [CelKind.String, CelKind.String];
        table.Global("matches", two, CelKind.Bool, Matches);
        table.Member("matches", two, CelKind.Bool, Matches);
        table.Member("find", two, CelKind.String, (a, context) => With(a, context, (regex, text) => new CelString(regex.Match(text).Value)));
        table.Member("findAll", two, CelKind.List, (a, context) => With(a, context, (regex, text) => All(regex, text, long.MaxValue, context)));
        table.Member("findAll", [.. two, CelKind.Int], CelKind.List, (a, context) => With(a, context, (regex, text) => All(regex, text, ((CelInt)a[2]).Value, context)));
    }

    private static CelValue Matches(CelValue[] arguments, EvalContext context) => With(arguments, context, (regex, text) => CelBool.Of(regex.IsMatch(text)));

    private static CelValue With(CelValue[] arguments, EvalContext context, Func<Regex, string, CelValue> use)
    {
        var text = ((CelString)arguments[0]).Value;
        var pattern = ((CelString)arguments[1]).Value;
        context.Budget.Charge(1 + ((long)text.Length * Math.Max(pattern.Length, 4) / 40));
        try
        {
            return use(context.Pattern(pattern), text);
        }
        catch (PatternException problem)
        {
            return new CelError($"bad regular expression '{Display.Cut(pattern)}': {problem.Message}");
        }
        catch (RegexMatchTimeoutException)
        {
            throw new LimitReachedException($"the regular expression '{Display.Cut(pattern)}' takes too long");
        }
    }

    private static CelList All(Regex regex, string text, long limit, EvalContext context)
    {
        var found = new List<CelValue>();
        if (limit < 0) limit = long.MaxValue;
        var end = -1;
        for (var match = regex.Match(text); match.Success && found.Count < limit; match = match.NextMatch())
        {
            // Each search may look at all that is left.
            context.Budget.Charge(1 + ((text.Length - match.Index) / 100));

            // Nothing is found right behind what was found, nor in the middle of a character.
            var isEmpty = match.Length == 0;
            if (isEmpty && (match.Index == end || (match.Index > 0 && char.IsSurrogatePair(text, match.Index - 1)))) continue;
            end = match.Index + match.Length;
            found.Add(new CelString(match.Value));
        }

        return CelList.Of(found);
    }
}
