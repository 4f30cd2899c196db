using Kublambda.Triggers.Policy;

namespace Kublambda.Triggers.Tests;

public sealed class TriggerPolicyTests
{
    private static readonly TriggerPolicy Policy = TriggerPolicy.Parse("""
        rules:
        - {from: ["*"], namespaces: [Same], kinds: ["*"]}
        - {from: [ops, "team-*"], namespaces: [shop, "shop-*"], kinds: [Deployment.apps, "*.example.com", Secret]}
        - {from: [audit], namespaces: ["*"], kinds: ["*"]}
        """);

    [Theory]
    [InlineData("shop", "", "ConfigMap", "shop", true)]
    [InlineData("shop", "", "Secret", "shop", false)]
    [InlineData("shop", "", "ConfigMap", "other", false)]
    [InlineData("shop", "", "ConfigMap", null, false)]
    [InlineData("ops", "apps", "Deployment", "shop", true)]
    [InlineData("team-a", "apps", "Deployment", "shop-eu", true)]
    [InlineData("teama", "apps", "Deployment", "shop", false)]
    [InlineData("ops", "apps", "StatefulSet", "shop", false)]
    [InlineData("ops", "example.com", "Widget", "shop", true)]
    [InlineData("ops", "other.example.com", "Widget", "shop", false)]
    [InlineData("ops", "", "Secret", "shop", true)]
    [InlineData("ops", "", "Deployment", "shop", false)]
    [InlineData("ops", "apps", "Deployment", null, false)]
    [InlineData("audit", "", "Node", null, true)]
    [InlineData("audit", "", "Secret", null, false)]
    public void What_no_rule_allows_is_refused_and_a_Secret_has_to_be_named(string from, string group, string kind, string? target, bool allowed) =>
        Assert.Equal(allowed, Policy.Allows(from, group, kind, target));

    [Theory]
    [InlineData("shop", "apps", "Deployment", "other")]
    [InlineData("shop", "", "Secret", "shop")]
    [InlineData("shop", "example.com", "Widget", null)]
    public void The_rule_that_is_proposed_allows_just_that(string from, string group, string kind, string? target)
    {
        var policy = TriggerPolicy.Parse($"rules:\n{TriggerPolicy.RuleFor(from, group, kind, target)}");
        Assert.True(policy.Allows(from, group, kind, target));
        Assert.False(policy.Allows("else", group, kind, target));
        Assert.False(policy.Allows(from, group, "Else", target));
    }

    [Theory]
    [InlineData("")]
    [InlineData("rules:\n- {from: [a], namespaces: [b]}")]
    [InlineData("rules:\n- {from: [a], namespaces: [b], kinds: [C], except: [d]}")]
    [InlineData("rules: all")]
    [InlineData("allow: []")]
    public void What_is_not_a_policy_is_refused_and_never_read_loosely(string yaml) =>
        Assert.Throws<FormatException>(() => TriggerPolicy.Parse(yaml));

    [Fact]
    public void No_rules_allow_nothing() => Assert.False(TriggerPolicy.Parse("rules: []").Allows("a", "", "Pod", "a"));
}
