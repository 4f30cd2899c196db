using Kublambda.Cel;
using Kublambda.Contracts.Resources;
using Kublambda.Triggers;

namespace Kublambda.Controller.Validation;

/// <summary>
/// Rules for <c>spec.triggers[].resource</c>: everything that can be judged without the cluster. Whether the kind is there,
/// and whether it may be watched, may change at any time and is said in the trigger's status.
/// </summary>
internal static class ResourceTriggerRules
{
    public static IEnumerable<Problem> Check(string field, ResourceTrigger trigger)
    {
        if (Wrong(() => GroupVersionKind.Of(trigger.ApiVersion, trigger.Kind)) is { } wrongVersion)
            yield return new Problem($"{field}.apiVersion", wrongVersion);
        if (trigger.Kind.Length is 0 or > 63 || !char.IsAsciiLetterUpper(trigger.Kind[0]) || !trigger.Kind.All(char.IsAsciiLetterOrDigit))
            yield return new Problem($"{field}.kind", $"\"{trigger.Kind}\" is not a kind: write it as in manifests, in the singular and with a capital, for example ConfigMap.");
        foreach (var problem in Namespaces($"{field}.namespaces", trigger.Namespaces ?? []))
            yield return problem;
        if (Wrong(() => LabelSelector.Parse(trigger.LabelSelector)) is { } wrongLabels)
            yield return new Problem($"{field}.labelSelector", wrongLabels);
        if (Wrong(() => FieldSelector.Parse(trigger.FieldSelector)) is { } wrongFields)
            yield return new Problem($"{field}.fieldSelector", wrongFields);
        foreach (var word in (trigger.Events ?? []).Except(TriggerEvents.All, StringComparer.Ordinal))
            yield return new Problem($"{field}.events", $"\"{word}\" is no event: write some of {string.Join(", ", TriggerEvents.All)}, or leave the field out for all.");
        foreach (var problem in Condition($"{field}.condition", trigger.Condition))
            yield return problem;
    }

    /// <summary>Every issue with its place in the expression.</summary>
    private static IEnumerable<Problem> Condition(string field, string? condition)
    {
        if (string.IsNullOrWhiteSpace(condition))
            return [];
        try
        {
            _ = TriggerCondition.Compile(condition);
            return [];
        }
        catch (CelException e)
        {
            return e.Issues.Take(5).Select(issue => new Problem(
                field,
                $"line {issue.Line}, column {issue.Column}: {issue.Message}{(issue.Hint is null ? "" : $" ({issue.Hint})")}\n{Pointer(condition, issue)}"));
        }
    }

    /// <summary>The line of the expression, and below it a mark at the column.</summary>
    private static string Pointer(string condition, CelIssue issue)
    {
        const int most = 120;
        var line = condition.ReplaceLineEndings("\n").Split('\n').ElementAtOrDefault(issue.Line - 1) ?? "";
        var from = Math.Max(0, Math.Min(issue.Column - 1, line.Length) - (most / 2));
        var part = line[from..Math.Min(line.Length, from + most)].Replace('\t', ' ');
        return $"    {part}\n    {new string(' ', Math.Max(0, issue.Column - 1 - from))}^";
    }

    private static IEnumerable<Problem> Namespaces(string field, IReadOnlyList<string> namespaces)
    {
        foreach (var ns in namespaces)
        {
            if (ns != CompiledTrigger.AllNamespaces && (ns.Length is 0 or > 63 || !LambdaValidator.SubdomainPattern().IsMatch(ns) || ns.Contains('.', StringComparison.Ordinal)))
                yield return new Problem(field, $"\"{ns}\" is not the name of a namespace: write names, or \"*\" for all.");
        }

        if (namespaces.Count > 1 && namespaces.Contains(CompiledTrigger.AllNamespaces))
            yield return new Problem(field, "\"*\" stands for all namespaces: write it alone, or leave it out.");
    }

    private static string? Wrong(Func<object?> read)
    {
        try
        {
            _ = read();
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }
}
