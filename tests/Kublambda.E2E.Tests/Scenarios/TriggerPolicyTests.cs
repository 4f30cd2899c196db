using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.Recorder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>An operator who does what the message of a refused trigger says, and takes it back: the policy, and the ClusterRole that bounds it.</summary>
[Collection(DisturbsThePlatform.Name)]
public sealed partial class TriggerPolicyTests(TestNamespace<TriggerPolicyTests> space, TestCluster cluster) : IClassFixture<TestNamespace<TriggerPolicyTests>>
{
    private const string Watchable = "kublambda-watchable";

    [Fact]
    public async Task The_rule_of_the_message_lets_a_trigger_watch_elsewhere_and_without_it_the_trigger_stops_and_has_no_rights_left()
    {
        var elsewhere = LambdaSpace.In(cluster, await cluster.CreateNamespaceAsync("elsewhere"));
        var lambda = await space.ApplyAsync(ARecorder(
            "reaches",
            ("own", ConfigMaps("of=reaches")), ("other", ConfigMaps("of=reaches") with { Namespaces = [elsewhere.Name] }), ("all", ConfigMaps("of=reaches") with { Namespaces = ["*"] })));
        var account = Names.Watcher(LambdaRef.Of(lambda));
        await space.ConditionAsync("reaches", ConditionTypes.Ready, ConditionStatus.False, Reasons.TriggerForbidden);
        var refused = await space.UntilAsync("reaches", "both refused", l => l.Status?.Triggers?.Count(t => t.Reason == Reasons.TriggerForbidden) == 2, 60);
        var rules = refused.Status!.Triggers!.SelectMany(t => RuleLine().Matches(t.Message ?? "")).Select(m => m.Value).ToList();
        Assert.Equal(2, rules.Count);

        await using (await PolicyAsync(["- {from: [\"*\"], namespaces: [Same], kinds: [\"*\"]}", .. rules]))
        {
            lambda = await space.ReadyAsync("reaches", 120);
            await MapAsync(elsewhere, "a");
            await space.RecordsAsync(lambda, "of the other namespace", got => got.Select(e => e.Short).Order(StringComparer.Ordinal).SequenceEqual(["all added a", "other added a"]));
            Assert.Equal(4, (await RightsElsewhereAsync(lambda)).Count);
        }

        await space.UntilAsync("reaches", "both refused again, and its own one working", l =>
            l.Status?.Triggers?.Count(t => t.Reason == Reasons.TriggerForbidden) == 2 && l.Status.Triggers.Any(t => t is { Name: "own", Ready: true }), 120);
        Assert.Empty(await RightsElsewhereAsync(lambda));
        Assert.Contains("forbidden", (await cluster.Kubectl.TryAsync("-n", elsewhere.Name, "get", "configmaps", $"--as=system:serviceaccount:{space.Name}:{account}")).Error, StringComparison.OrdinalIgnoreCase);
        await MapAsync(elsewhere, "b");
        await MapAsync(space, "c");
        var all = await space.RecordsAsync(lambda, "of its own namespace", got => got.Any(e => e.Short == "own added c"));
        Assert.DoesNotContain(all, e => e.Name == "b");
    }

    [Fact]
    public async Task What_Kublambda_itself_may_not_watch_is_refused_with_the_line_for_the_ClusterRole_and_heals_when_it_is_there()
    {
        var before = await cluster.Api.RbacAuthorizationV1.ReadClusterRoleAsync(Watchable, cancellationToken: TestContext.Current.CancellationToken);
        try
        {
            await WatchableAsync([Rule("", "configmaps")]);
            var lambda = await space.ApplyAsync(ARecorder("bounded", ("maps", ConfigMaps("of=bounded")), ("sets", new ResourceTrigger { ApiVersion = "apps/v1", Kind = "StatefulSet" })));
            var refused = await space.ConditionAsync("bounded", ConditionTypes.Ready, ConditionStatus.False, Reasons.TriggerForbidden);
            Assert.Contains($"ClusterRole {Watchable}:\n- {{apiGroups: [apps], resources: [statefulsets], verbs: [get, list, watch]}}", refused.Message, StringComparison.Ordinal);
            lambda = await space.UntilAsync("bounded", "its other trigger to work", l => l.Status?.Triggers?.Any(t => t is { Name: "maps", Ready: true }) == true, 60);

            await WatchableAsync([Rule("", "configmaps"), Rule("apps", "statefulsets")]);
            await space.ReadyAsync("bounded", 90);
            await MapAsync(space, "d", "bounded");
            await space.RecordsAsync(lambda, "of a map", got => got.Any(e => e.Short == "maps added d"));
        }
        finally
        {
            await WatchableAsync(before.Rules);
        }
    }

    /// <summary>As an overlay does it: another ConfigMap, and the deployer starts with it. Disposing puts the old one back.</summary>
    private async Task<Restored> PolicyAsync(IReadOnlyList<string> rules)
    {
        var pod = (await cluster.Api.AppsV1.ReadNamespacedDeploymentAsync("deployer", Installation.Namespace, cancellationToken: TestContext.Current.CancellationToken)).Spec.Template.Spec;
        var before = pod.Volumes.First(v => v.Name == "triggers").ConfigMap.Name;
        var name = $"{space.Name}-policy";
        await cluster.Kubectl.ApplyAsync(KubernetesJson.Serialize(new V1ConfigMap
        {
            ApiVersion = "v1",
            Kind = "ConfigMap",
            Metadata = new() { Name = name, NamespaceProperty = Installation.Namespace },
            Data = new Dictionary<string, string> { ["policy.yaml"] = $"rules:\n{string.Join('\n', rules)}\n" },
        }));
        await MountAsync(name);
        return new Restored(async () =>
        {
            await MountAsync(before);
            await SystemAsync("delete", "configmap", name);
        });
    }

    private async Task MountAsync(string policy)
    {
        await SystemAsync("patch", "deployment", "deployer", "-p", $$"""{"spec":{"template":{"spec":{"volumes":[{"name":"triggers","configMap":{"name":"{{policy}}"} }]} } } }""");
        await SystemAsync("rollout", "status", "deployment/deployer", "--timeout=120s");
    }

    private async Task WatchableAsync(IList<V1PolicyRule> rules)
    {
        var role = await cluster.Api.RbacAuthorizationV1.ReadClusterRoleAsync(Watchable);
        role.Rules = rules;
        await cluster.Api.RbacAuthorizationV1.ReplaceClusterRoleAsync(role, Watchable);
    }

    private static V1PolicyRule Rule(string group, string resource) => new() { ApiGroups = [group], Resources = [resource], Verbs = ["get", "list", "watch"] };

    /// <summary>Roles and bindings of the Lambda's watcher out of its namespace.</summary>
    private async Task<IReadOnlyList<string>> RightsElsewhereAsync(Lambda lambda)
    {
        var names = await cluster.Kubectl.RunAsync(
            "get", "roles,rolebindings,clusterroles,clusterrolebindings", "--all-namespaces", "-l", $"{Labels.LambdaUid}={lambda.Metadata.Uid},{Labels.LambdaNamespace}={space.Name}", "-o", "name");
        return names.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private Task<string> SystemAsync(params string[] arguments) => cluster.Kubectl.RunAsync(["-n", Installation.Namespace, .. arguments]);

    private Task<string> MapAsync(LambdaSpace where, string name, string of = "reaches") =>
        cluster.Kubectl.ApplyAsync($$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{name}}","namespace":"{{where.Name}}","labels":{"of":"{{of}}"} } }""");

    [GeneratedRegex("^- \\{from: .*\\}$", RegexOptions.Multiline)]
    private static partial Regex RuleLine();

    private sealed class Restored(Func<Task> restore) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await restore();
    }
}
