using System.Globalization;
using System.Text;

namespace Kublambda.Cel.Conformance;

/// <summary>Failures and skipped cases one a line, then the numbers by file, then those of all.</summary>
public static class ConformanceReport
{
    public static string Of(IReadOnlyList<CaseResult> results)
    {
        var text = new StringBuilder();
        foreach (var result in results.Where(result => result.Outcome != Outcome.Passed))
            text.AppendLine(CultureInfo.InvariantCulture, $"{result.Outcome.ToString().ToLowerInvariant()}: {result.Case.File}/{result.Case.Section}/{result.Case.Name}: {OneLine(result.Case.Expression)}: {OneLine(result.Detail)}");
        foreach (var file in results.GroupBy(result => result.Case.File))
            text.AppendLine(CultureInfo.InvariantCulture, $"{file.Key,-16} {Numbers([.. file])}");
        return text.AppendLine(Numbers(results)).ToString();
    }

    private static string Numbers(IReadOnlyCollection<CaseResult> results) => string.Create(
        CultureInfo.InvariantCulture,
        $"{results.Count(result => result.Outcome == Outcome.Passed)} passed, {results.Count(result => result.Outcome == Outcome.Failed)} failed, {results.Count(result => result.Outcome == Outcome.Skipped)} skipped");

    private static string OneLine(string text) => text.ReplaceLineEndings("\\n");
}
