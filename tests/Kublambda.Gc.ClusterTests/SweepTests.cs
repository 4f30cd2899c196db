using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Gc.Sweeping;
using Kublambda.Kubernetes;
using Kublambda.Registry;
using Kublambda.Registry.Tests;
using Microsoft.Extensions.DependencyInjection;
using static Kublambda.Registry.Tests.Artifacts;

namespace Kublambda.Gc.ClusterTests;

public sealed class SweepTests(TestCluster cluster)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_what_carries_our_marks_and_has_no_Lambda_goes()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        await using var gc = GcHost.Create(cluster, registry.Host);
        var client = registry.Client();
        var alive = await cluster.CreateLambdaAsync("lives");
        var ending = await cluster.CreateLambdaAsync("ends", finalizer: true);
        await cluster.DeleteLambdaAsync(ending);
        var gone = Gone("gone");
        foreach (var lambda in new[] { alive, ending, gone })
        {
            await PushImageAsync(client, Names.Repository(lambda), "v1", "a", labels: await MarksAsync(lambda));
            await PushImageAsync(client, Names.Repository(lambda), "source-v1", "b", annotations: await MarksAsync(lambda));
        }
        await PushImageAsync(client, "somebody/else-0a1b2c3d", "v1", "a");
        await PushImageAsync(client, "kublambda/runtime-nodejs", "dev", "a");
        await PushImageAsync(client, "backup/gone-0a1b2c3d", "v1", "a", labels: await MarksAsync(gone));

        await gc.GetRequiredService<Sweep>().RunAsync(Cancel);

        Assert.Equal(
            ["backup/gone-0a1b2c3d", .. new[] { Names.Repository(ending), Names.Repository(alive) }, "kublambda/runtime-nodejs", "somebody/else-0a1b2c3d"],
            await FilledAsync(client));
    }

    [Fact]
    public async Task A_build_pod_without_its_Lambda_ends_and_only_then_its_repository_goes()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        await using var gc = GcHost.Create(cluster, registry.Host);
        var (sweep, client) = (gc.GetRequiredService<Sweep>(), registry.Client());
        var gone = Gone("building");
        await PushImageAsync(client, Names.Repository(gone), "source-v1", "a", annotations: await MarksAsync(gone));
        await cluster.CreateBuildPodAsync(gone, "orphan");

        await sweep.RunAsync(Cancel);
        Assert.Equal([Names.Repository(gone)], await FilledAsync(client));
        for (var i = 0; i < 100 && (await cluster.BuildPodsAsync()).Contains("orphan"); i++)
            await Task.Delay(250, Cancel);
        Assert.DoesNotContain("orphan", await cluster.BuildPodsAsync());

        await sweep.RunAsync(Cancel);
        Assert.Empty(await FilledAsync(client));
    }

    [Fact]
    public async Task Nothing_goes_before_the_grace_is_over()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        await using var gc = GcHost.Create(cluster, registry.Host, grace: "01:00:00");
        var gone = Gone("recent");
        await PushImageAsync(registry.Client(), Names.Repository(gone), "v1", "a", labels: await MarksAsync(gone));

        await gc.GetRequiredService<Sweep>().RunAsync(Cancel);
        await gc.GetRequiredService<Sweep>().RunAsync(Cancel);

        Assert.Equal([Names.Repository(gone)], await FilledAsync(registry.Client()));
    }

    [Fact]
    public async Task Where_the_Lambdas_cannot_be_listed_nothing_counts_as_gone()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        var configuration = cluster.Configuration();
        (configuration.ClientCertificateData, configuration.ClientCertificateKeyData, configuration.ClientCertificateFilePath, configuration.ClientKeyFilePath) = (null, null, null, null);
        (configuration.Username, configuration.Password, configuration.AccessToken) = (null, null, null);
        using var stranger = new k8s.Kubernetes(configuration);
        await using var gc = GcHost.Create(cluster, registry.Host, stranger);
        var gone = Gone("unknown");
        await PushImageAsync(registry.Client(), Names.Repository(gone), "v1", "a", labels: await MarksAsync(gone));

        await Assert.ThrowsAsync<HttpOperationException>(() => gc.GetRequiredService<Sweep>().RunAsync(Cancel));

        Assert.Equal([Names.Repository(gone)], await FilledAsync(registry.Client()));
    }

    [Fact]
    public async Task Rights_of_triggers_without_a_Lambda_go_and_those_of_living_ones_and_of_others_stay()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        await using var gc = GcHost.Create(cluster, registry.Host);
        var (alive, gone) = (await cluster.CreateLambdaAsync("watches"), Gone("watched"));
        await RoleAsync("of-the-living", Labels.For(alive));
        await RoleAsync("of-the-gone", Labels.For(gone));
        await RoleAsync("of-others", new() { [Labels.LambdaUid] = gone.Uid });

        await gc.GetRequiredService<Sweep>().RunAsync(Cancel);

        var left = await cluster.Client.RbacAuthorizationV1.ListNamespacedRoleAsync(cluster.Namespace, cancellationToken: Cancel);
        Assert.Equal(["of-others", "of-the-living"], left.Items.Select(role => role.Metadata.Name).Order(StringComparer.Ordinal));
    }

    private Task<V1Role> RoleAsync(string name, Dictionary<string, string> labels) => cluster.Client.RbacAuthorizationV1.CreateNamespacedRoleAsync(
        new V1Role { Metadata = new V1ObjectMeta { Name = name, Labels = labels }, Rules = [] }, cluster.Namespace, cancellationToken: Cancel);

    private LambdaRef Gone(string name) => new(cluster.Namespace, name, Guid.NewGuid().ToString());

    private async Task<Dictionary<string, string>> MarksAsync(LambdaRef lambda) => new()
    {
        [OciAnnotations.Cluster] = await new ClusterIdentity(cluster.Client).ReadAsync(Cancel),
        [OciAnnotations.LambdaUid] = lambda.Uid,
        [OciAnnotations.Lambda] = lambda.ToString(),
        [OciAnnotations.Revision] = "v1",
    };

    /// <summary>Repositories that have tags, sorted.</summary>
    private static async Task<List<string>> FilledAsync(IRegistryClient client)
    {
        var filled = new List<string>();
        foreach (var repository in await ListAsync(client.ListRepositoriesAsync(Cancel)))
        {
            if ((await ListAsync(client.ListTagsAsync(repository, Cancel))).Count > 0)
                filled.Add(repository);
        }
        return [.. filled.Order(StringComparer.Ordinal)];
    }
}
