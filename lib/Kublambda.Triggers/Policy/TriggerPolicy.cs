using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Kublambda.Triggers.Policy;

/// <summary>
/// The installation's word on what resource triggers may watch: a list of rules, each of which allows something. What no
/// rule allows is refused.
/// </summary>
public sealed class TriggerPolicy
{
    /// <summary>In a rule: the Lambda's own namespace.</summary>
    public const string Same = "Same";

    /// <summary>In a rule: all.</summary>
    public const string All = "*";

    private readonly IReadOnlyList<TriggerRule> _rules;

    private TriggerPolicy(IReadOnlyList<TriggerRule> rules) => _rules = rules;

    /// <summary>What holds where an installation says nothing: every kind but Secret, in the Lambda's own namespace.</summary>
    public static TriggerPolicy OwnNamespace { get; } = new([new TriggerRule { From = [All], Namespaces = [Same], Kinds = [All] }]);

    /// <summary>Reads <c>rules</c>, a list of <see cref="TriggerRule"/>, from YAML. Words that it does not know are errors: a policy is never read loosely.</summary>
    /// <exception cref="FormatException">It is no policy; the message says where.</exception>
    public static TriggerPolicy Parse(string yaml)
    {
        try
        {
            var document = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).Build().Deserialize<Document?>(yaml);
            var rules = document?.Rules ?? throw new FormatException("The policy of triggers has no rules: write rules: [] where nothing may be watched.");
            return new TriggerPolicy([.. rules.Select((rule, i) => Checked(rule, i))]);
        }
        catch (YamlException e)
        {
            throw new FormatException($"The policy of triggers cannot be read, line {e.Start.Line}: {e.InnerException?.Message ?? e.Message}", e);
        }
    }

    /// <summary>Whether a Lambda may watch.</summary>
    /// <param name="lambdaNamespace">The Lambda's namespace.</param>
    /// <param name="group">API group of the objects; empty for the core group.</param>
    /// <param name="kind">Kind of the objects.</param>
    /// <param name="target">Their namespace; null: all namespaces, or a kind that has none.</param>
    public bool Allows(string lambdaNamespace, string group, string kind, string? target) =>
        _rules.Any(rule => rule.Allows(lambdaNamespace, group, kind, target));

    /// <summary>The line that an administrator has to add under <c>rules</c> to allow it.</summary>
    public static string RuleFor(string lambdaNamespace, string group, string kind, string? target) =>
        $"- {{from: [{lambdaNamespace}], namespaces: [{(target is null ? "\"*\"" : target == lambdaNamespace ? Same : target)}], kinds: [{KindName(group, kind)}]}}";

    internal static string KindName(string group, string kind) => group.Length == 0 ? kind : $"{kind}.{group}";

    private static TriggerRule Checked(YamlRule rule, int index)
    {
        if (rule.From is not { Count: > 0 } || rule.Namespaces is not { Count: > 0 } || rule.Kinds is not { Count: > 0 })
            throw new FormatException($"Rule {index + 1} of the policy of triggers needs from, namespaces and kinds, each with at least one entry.");
        return new TriggerRule { From = rule.From, Namespaces = rule.Namespaces, Kinds = rule.Kinds };
    }

    private sealed class Document
    {
        public List<YamlRule>? Rules { get; set; }
    }

    private sealed class YamlRule
    {
        public List<string>? From { get; set; }
        public List<string>? Namespaces { get; set; }
        public List<string>? Kinds { get; set; }
    }
}
