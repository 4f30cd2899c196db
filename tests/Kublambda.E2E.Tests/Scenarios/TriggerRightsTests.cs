using k8s;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.Recorder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>What a trigger may watch, with which rights, and that nothing of it outlives its Lambda.</summary>
public sealed class TriggerRightsTests(TestNamespace<TriggerRightsTests> space, TestCluster cluster) : IClassFixture<TestNamespace<TriggerRightsTests>>
{
    [Fact]
    public async Task The_watchers_account_may_watch_what_its_triggers_name_and_nothing_else_and_deletion_leaves_nothing()
    {
        var lambda = await space.ApplyUntilReadyAsync(ARecorder("limited", ("maps", ConfigMaps()), ("deployments", new ResourceTrigger { ApiVersion = "apps/v1", Kind = "Deployment" })));
        var account = Names.Watcher(LambdaRef.Of(lambda));
        Assert.True(await MayAsync(account, "watch", "", "configmaps", space.Name));
        Assert.True(await MayAsync(account, "list", "apps", "deployments", space.Name));
        foreach (var (verb, group, resource, ns) in new[]
        {
            ("get", "", "secrets", space.Name), ("list", "", "secrets", space.Name), ("watch", "", "secrets", space.Name),
            ("list", "", "configmaps", "default"), ("list", "", "pods", space.Name), ("list", "apps", "statefulsets", space.Name),
            ("patch", "", "configmaps", space.Name), ("delete", "", "configmaps", space.Name), ("create", "", "pods", space.Name),
            ("list", "kublambda.dev", "lambdas", space.Name), ("create", "rbac.authorization.k8s.io", "roles", space.Name), ("get", "", "secrets", Installation.Namespace),
        })
        {
            Assert.False(await MayAsync(account, verb, group, resource, ns), $"{account} may {verb} {resource} in {ns}");
        }

        // Really, not only by the API server's word: its own Lambda, and no other, no Secret (its own one neither), no other namespace.
        string[] impersonated = [$"--as=system:serviceaccount:{space.Name}:{account}", "-n", space.Name];
        Assert.Contains("limited", await cluster.Kubectl.RunAsync([.. impersonated, "get", "lambda", "limited", "-o", "name"]), StringComparison.Ordinal);
        foreach (var refused in new string[][] { ["get", "lambda", "neighbour"], ["get", "lambdas"], ["get", "secrets"], ["get", "secret", account], ["get", "configmaps", "-n", "default"], ["get", "configmaps", "-A"] })
            Assert.Contains("forbidden", (await cluster.Kubectl.TryAsync([.. impersonated, .. refused])).Error, StringComparison.OrdinalIgnoreCase);

        var pod = Assert.Single((await cluster.Api.CoreV1.ListNamespacedPodAsync(space.Name, labelSelector: $"{Labels.WatcherOf}={lambda.Metadata.Uid}", cancellationToken: TestContext.Current.CancellationToken)).Items).Spec;
        var container = Assert.Single(pod.Containers);
        Assert.True(pod.SecurityContext.RunAsNonRoot);
        Assert.Equal("RuntimeDefault", pod.SecurityContext.SeccompProfile.Type);
        Assert.Equal((false, true), (container.SecurityContext.AllowPrivilegeEscalation, container.SecurityContext.ReadOnlyRootFilesystem));
        Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
        Assert.NotEmpty(await BrokerView.NamedAsync(cluster, lambda.Metadata.Uid));

        var leftovers = Leftovers.Of(cluster, lambda);
        await space.DeleteAsync("limited");
        await leftovers.NoneAsync(120);
    }

    [Fact]
    public async Task What_the_policy_does_not_allow_is_refused_with_the_rule_that_would_allow_it()
    {
        await space.ApplyAsync(ARecorder("greedy", ("maps", ConfigMaps()), ("elsewhere", ConfigMaps() with { Namespaces = ["default"] })));
        var refused = await space.ConditionAsync("greedy", ConditionTypes.Ready, ConditionStatus.False, Reasons.TriggerForbidden);
        Assert.StartsWith("Trigger elsewhere: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"- {{from: [{space.Name}], namespaces: [default], kinds: [ConfigMap]}}", refused.Message, StringComparison.Ordinal);
        var seen = await space.UntilAsync("greedy", "its other trigger to work", l => l.Status?.Triggers?.Any(t => t is { Name: "maps", Ready: true }) == true, 60);
        Assert.False(await MayAsync(Names.Watcher(LambdaRef.Of(seen)), "list", "", "configmaps", "default"));

        foreach (var (trigger, words) in new (ResourceTrigger, string)[]
        {
            (new() { ApiVersion = "v1", Kind = "Secret" }, "kinds: [Secret]"),
            (new() { ApiVersion = "v1", Kind = "Node" }, "namespaces: [\"*\"], kinds: [Node]"),
            (ConfigMaps() with { Namespaces = ["*"] }, "namespaces: [\"*\"], kinds: [ConfigMap]"),
        })
        {
            await space.ApplyAsync(ARecorder("greedy", ("maps", trigger)));
            var ready = await space.ConditionAsync("greedy", ConditionTypes.Ready, ConditionStatus.False, Reasons.TriggerForbidden);
            Assert.Contains(words, ready.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Without_its_last_trigger_a_Lambda_has_no_watcher_and_nothing_in_the_broker()
    {
        var lambda = await space.ApplyUntilReadyAsync(ARecorder("former", ("maps", ConfigMaps())));
        Assert.NotEmpty(await BrokerView.NamedAsync(cluster, lambda.Metadata.Uid));
        await space.ApplyUntilReadyAsync(ARecorder("former"));
        await Eventually.HoldsAsync(
            "the watcher to be gone", () => space.KubectlAsync("get", "deployment,serviceaccount,role,rolebinding,secret,configmap", "-l", $"{Labels.LambdaUid}={lambda.Metadata.Uid},app.kubernetes.io/component=watcher", "-o", "name"),
            names => names.Trim().Length == 0, 60);
        await Eventually.HoldsAsync("the broker to have nothing of it", () => BrokerView.NamedAsync(cluster, lambda.Metadata.Uid), left => left.Count == 0, 30, left => string.Join(", ", left));
    }

    private async Task<bool> MayAsync(string account, string verb, string group, string resource, string ns)
    {
        var review = await cluster.Api.AuthorizationV1.CreateSubjectAccessReviewAsync(new()
        {
            Spec = new()
            {
                User = $"system:serviceaccount:{space.Name}:{account}",
                Groups = ["system:serviceaccounts", $"system:serviceaccounts:{space.Name}", "system:authenticated"],
                ResourceAttributes = new() { Verb = verb, Group = group, Resource = resource, NamespaceProperty = ns },
            },
        });
        return review.Status.Allowed;
    }
}
