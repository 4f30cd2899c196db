using k8s;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using Kublambda.Tests;
using static Kublambda.E2E.Tests.Cluster.Recorder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>An installation that runs one watcher for all Lambdas: deploy/shared-watcher and <c>Triggers__Mode=Shared</c>.</summary>
[Collection(DisturbsThePlatform.Name)]
public sealed class SharedWatcherTests(TestNamespace<SharedWatcherTests> space, TestCluster cluster) : IClassFixture<TestNamespace<SharedWatcherTests>>
{
    [Fact]
    public async Task One_watcher_serves_all_Lambdas_keeps_to_the_policy_and_nothing_runs_beside_them()
    {
        var manifest = await ManifestAsync();
        try
        {
            await cluster.Kubectl.ApplyAsync(manifest);
            await SystemAsync("set", "env", "deployment/deployer", "Triggers__Mode=Shared");
            await SystemAsync("rollout", "status", "deployment/deployer", "--timeout=120s");
            await SystemAsync("rollout", "status", "deployment/watcher", "--timeout=120s");

            await space.ApplyAsync([ARecorder("one", ("maps", ConfigMaps("of=one"))), ARecorder("two", ("maps", ConfigMaps("of in (one,two)")), ("more", ConfigMaps("of=two")))]);
            var (one, two) = (await space.ReadyAsync("one"), await space.ReadyAsync("two"));
            await space.KubectlAsync("create", "configmap", "a");
            await space.KubectlAsync("label", "configmap", "a", "of=one");
            await space.KubectlAsync("label", "configmap", "a", "of=two", "--overwrite");
            await space.RecordsAsync(one, "of the one that came and went", got => got.Select(e => e.Short).SequenceEqual(["maps added a", "maps deleted a"]));
            await space.RecordsAsync(two, "of all", got => got.Select(e => e.Short).Order(StringComparer.Ordinal).SequenceEqual(["maps added a", "maps modified a", "more added a"]));
            Assert.Equal("", await space.KubectlAsync("get", "deployment,serviceaccount,role,secret", "-l", "app.kubernetes.io/component=watcher", "--ignore-not-found", "-o", "name"));

            await space.ApplyAsync(ARecorder("one", ("maps", ConfigMaps() with { Namespaces = ["default"] })));
            await space.ConditionAsync("one", ConditionTypes.Ready, ConditionStatus.False, Reasons.TriggerForbidden);

            var leftovers = Leftovers.Of(cluster, two);
            await space.DeleteAsync("two");
            await leftovers.NoneAsync(120);
        }
        finally
        {
            await SystemAsync("set", "env", "deployment/deployer", "Triggers__Mode-");
            await SystemAsync("rollout", "status", "deployment/deployer", "--timeout=120s");
            await cluster.Kubectl.DeleteAsync(manifest);
        }
    }

    private Task<string> SystemAsync(params string[] arguments) => cluster.Kubectl.RunAsync(["-n", Installation.Namespace, .. arguments]);

    /// <summary>As an overlay would render it: with the names and the image of this installation.</summary>
    private async Task<string> ManifestAsync()
    {
        var pod = (await cluster.Api.AppsV1.ReadNamespacedDeploymentAsync("deployer", Installation.Namespace, cancellationToken: TestContext.Current.CancellationToken)).Spec.Template.Spec;
        var settings = pod.Containers[0].EnvFrom.First(e => e.ConfigMapRef is not null).ConfigMapRef.Name;
        var config = await cluster.Api.CoreV1.ReadNamespacedConfigMapAsync(settings, Installation.Namespace, cancellationToken: TestContext.Current.CancellationToken);
        var text = await File.ReadAllTextAsync(Path.Combine(Checkout.Root(), "deploy", "shared-watcher", "watcher.yaml"), TestContext.Current.CancellationToken);
        return text
            .Replace("{name: kublambda-config}", $"{{name: {settings}}}", StringComparison.Ordinal)
            .Replace("{name: kublambda-rabbitmq}", $"{{name: {pod.Containers[0].EnvFrom.First(e => e.SecretRef is not null).SecretRef.Name}}}", StringComparison.Ordinal)
            .Replace("{name: kublambda-trigger-policy}", $"{{name: {pod.Volumes.First(v => v.Name == "triggers").ConfigMap.Name}}}", StringComparison.Ordinal)
            .Replace("image: ghcr.io/kublambda/watcher", $"image: {config.Data["Triggers__WatcherImage"]}", StringComparison.Ordinal);
    }
}
