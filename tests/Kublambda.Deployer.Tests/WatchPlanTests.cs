using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Triggers;
using Kublambda.Kubernetes;
using Kublambda.Triggers.Policy;

namespace Kublambda.Deployer.Tests;

/// <summary>From triggers and policy to the rights of a watcher.</summary>
public sealed class WatchPlanTests
{
    private static readonly LambdaRef Lambda = new("shop", "hello", Build.Uid);
    private static readonly KindResource ConfigMap = new("", "v1", "ConfigMap", "configmaps", Namespaced: true);
    private static readonly KindResource Deployment = new("apps", "v1", "Deployment", "deployments", Namespaced: true);
    private static readonly KindResource Node = new("", "v1", "Node", "nodes", Namespaced: false);
    private static readonly TriggerPolicy Everything = TriggerPolicy.Parse("rules: [{from: [\"*\"], namespaces: [\"*\"], kinds: [\"*\"]}]");

    private static WatchPlan Plan(TriggerPolicy policy, params ResourceTrigger[] triggers) => WatchPlan.Of(
        Lambda, triggers.Select((t, i) => new TriggerSpec { Name = $"t{i}", Resource = t }),
        t => t.Kind switch { "ConfigMap" => ConfigMap, "Deployment" => Deployment, "Node" => Node, "Binding" => Node with { Watchable = false }, _ => null }, policy, _ => true);

    private static ResourceTrigger Of(KindResource kind, params string[] namespaces) =>
        new() { ApiVersion = kind.Group.Length == 0 ? kind.Version : $"{kind.Group}/{kind.Version}", Kind = kind.Kind, Namespaces = namespaces };

    [Fact]
    public void Without_namespaces_the_own_is_watched_and_what_several_triggers_share_is_granted_once()
    {
        var plan = Plan(TriggerPolicy.OwnNamespace, Of(ConfigMap), Of(ConfigMap, "shop"), Of(Deployment));
        Assert.Empty(plan.Refused);
        Assert.Equal([new(ConfigMap, "shop"), new(Deployment, "shop")], plan.Targets);
        Assert.Null(WatcherRoles.ClusterRole(Lambda, plan.Targets));
        var rules = Assert.Single(WatcherRoles.Roles(Lambda, plan.Targets)).Rules;
        Assert.Equal(["lambdas: hello get,list,watch", "configmaps: hello-1a2b3c4d-watcher get,patch", "configmaps:  get,list,watch", "deployments:  get,list,watch"],
            rules.Select(r => $"{string.Join(',', r.Resources)}: {string.Join(',', r.ResourceNames ?? [])} {string.Join(',', r.Verbs)}"));
        Assert.DoesNotContain(rules, r => r.Resources.Contains("*") || r.ApiGroups.Contains("*") || r.Verbs.Contains("*"));
    }

    [Fact]
    public void Each_other_namespace_gets_a_role_for_what_is_watched_there_and_no_owner()
    {
        var plan = Plan(Everything, Of(ConfigMap), Of(Deployment, "desk"));
        var roles = WatcherRoles.Roles(Lambda, plan.Targets);
        Assert.Equal(["desk", "shop"], roles.Select(r => r.Metadata.NamespaceProperty));
        Assert.Equal("deployments", Assert.Single(Assert.Single(roles[0].Rules).Resources));
        Assert.Null(roles[0].Metadata.OwnerReferences);
        Assert.NotNull(roles[1].Metadata.OwnerReferences);
        Assert.All(roles, role => Assert.Equal(Build.Uid, role.Metadata.Labels[Labels.LambdaUid]));
        Assert.Equal("shop", Assert.Single(WatcherRoles.Binding(Lambda, roles[0]).Subjects).NamespaceProperty);
    }

    [Fact]
    public void All_namespaces_and_kinds_without_any_take_a_cluster_role_with_just_these()
    {
        var plan = Plan(Everything, Of(Deployment, "*"), Of(Node, "ignored"), Of(ConfigMap));
        Assert.Equal(["nodes", "deployments"], WatcherRoles.ClusterRole(Lambda, plan.Targets)!.Rules.SelectMany(r => r.Resources));
        Assert.Equal(["shop"], WatcherRoles.Roles(Lambda, plan.Targets).Select(r => r.Metadata.NamespaceProperty));
    }

    [Fact]
    public void One_that_is_refused_does_not_stop_the_others()
    {
        var plan = Plan(TriggerPolicy.OwnNamespace, Of(ConfigMap), Of(ConfigMap, "shop", "desk"), Of(Node), new ResourceTrigger { ApiVersion = "example.com/v1", Kind = "Order" },
            new ResourceTrigger { ApiVersion = "v1", Kind = "Binding" });
        Assert.Equal([new(ConfigMap, "shop")], plan.Targets);
        Assert.Equal(["t1 TriggerForbidden", "t2 TriggerForbidden", "t3 KindNotFound", "t4 KindNotFound"], plan.Refused.Select(r => $"{r.Name} {r.Reason}"));
        Assert.EndsWith("- {from: [shop], namespaces: [desk], kinds: [ConfigMap]}", plan.Refused[0].Message, StringComparison.Ordinal);
        Assert.EndsWith("- {from: [shop], namespaces: [\"*\"], kinds: [Node]}", plan.Refused[1].Message, StringComparison.Ordinal);
        Assert.Contains("kind Order in example.com/v1", plan.Refused[2].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_deployer_does_not_hold_itself_is_refused_with_the_rule_of_the_ClusterRole_and_the_rest_goes_on()
    {
        var plan = WatchPlan.Of(
            Lambda, [new TriggerSpec { Name = "maps", Resource = Of(ConfigMap) }, new TriggerSpec { Name = "deployments", Resource = Of(Deployment) }],
            t => t.Kind == "ConfigMap" ? ConfigMap : Deployment, TriggerPolicy.OwnNamespace, target => target.Resource == ConfigMap);
        Assert.Equal([new(ConfigMap, "shop")], plan.Targets);
        var refused = Assert.Single(plan.Refused);
        Assert.Equal(("deployments", Reasons.TriggerForbidden), (refused.Name, refused.Reason));
        Assert.EndsWith("ClusterRole kublambda-watchable:\n- {apiGroups: [apps], resources: [deployments], verbs: [get, list, watch]}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_roles_let_a_watcher_watch_is_read_back_from_them()
    {
        var targets = Plan(Everything, Of(ConfigMap), Of(Deployment, "desk"), Of(Node)).Targets;
        var given = WatcherRoles.Watched([.. WatcherRoles.Roles(Lambda, targets), WatcherRoles.ClusterRole(Lambda, targets)!]);
        Assert.Equal(targets.Select(t => (t.Namespace, t.Resource.Group, t.Resource.Plural)).ToHashSet(), given.ToHashSet());
    }
}
