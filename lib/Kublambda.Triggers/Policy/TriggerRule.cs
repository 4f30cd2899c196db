namespace Kublambda.Triggers.Policy;

/// <summary>Lets the Lambdas of some namespaces watch some kinds of objects in some namespaces. In each list <c>*</c> is all.</summary>
public sealed record TriggerRule
{
    /// <summary>Namespaces of Lambdas; a name may end in <c>*</c>.</summary>
    public IReadOnlyList<string> From { get; init; } = [];

    /// <summary>
    /// Namespaces of the objects: names, which may end in <c>*</c>, or <c>Same</c> for the Lambda's own. Only <c>*</c> lets
    /// a trigger watch all namespaces at once, or a kind that has none.
    /// </summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    /// <summary>
    /// <c>Kind.group</c> (of the core group <c>Kind</c>), <c>*.group</c>, or <c>*</c>. Secrets are never among <c>*</c>: they
    /// have to be named.
    /// </summary>
    public IReadOnlyList<string> Kinds { get; init; } = [];

    internal bool Allows(string lambdaNamespace, string group, string kind, string? target) =>
        From.Any(pattern => Matches(pattern, lambdaNamespace))
        && Namespaces.Any(pattern => target is null ? pattern == TriggerPolicy.All
            : pattern == TriggerPolicy.Same ? target == lambdaNamespace : Matches(pattern, target))
        && Kinds.Any(pattern => MatchesKind(pattern, group, kind));

    private static bool MatchesKind(string pattern, string group, string kind)
    {
        if (pattern == TriggerPolicy.KindName(group, kind))
            return true;
        var isSecret = group.Length == 0 && kind == "Secret";
        return !isSecret && (pattern == TriggerPolicy.All || (group.Length > 0 && pattern == $"*.{group}"));
    }

    private static bool Matches(string pattern, string name) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal) : pattern == name;
}
