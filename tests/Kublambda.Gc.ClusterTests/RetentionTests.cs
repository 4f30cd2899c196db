using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Gc.Retention;
using Kublambda.Registry;
using Kublambda.Registry.Tests;
using Microsoft.Extensions.DependencyInjection;
using static Kublambda.Registry.Tests.Artifacts;

namespace Kublambda.Gc.ClusterTests;

public sealed class RetentionTests(TestCluster cluster)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Old_revisions_go_and_those_that_a_roll_back_needs_stay()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        await using var gc = GcHost.Create(cluster, registry.Host);
        var (client, lambda) = (registry.Client(), await cluster.CreateLambdaAsync("changing"));
        var repository = Names.Repository(lambda);
        var images = new List<Descriptor>();
        for (var i = 0; i < 8; i++)
        {
            images.Add(await PushImageAsync(client, repository, Revision(i), $"{i}", created: new DateTimeOffset(2026, 1, 1 + i, 0, 0, 0, TimeSpan.Zero)));
            await PushImageAsync(client, repository, Names.SourceTag(Revision(i)), $"source {i}");
            await PushImageAsync(client, repository, Names.LogTag(Revision(i)), $"log {i}");
        }
        await PushImageAsync(client, repository, Names.SourceTag("ffffffffffff"), "of a build that failed");
        await PushImageAsync(client, repository, "somebodys-own-tag", "x");
        await RollOutAsync(lambda, $"{registry.Host}/{repository}@{images[1].Digest}");

        var retention = gc.GetRequiredService<RevisionRetention>();
        await retention.RunAsync(Cancel);
        Assert.Contains("source-ffffffffffff", await ListAsync(client.ListTagsAsync(repository, Cancel)));
        await retention.RunAsync(Cancel);

        int[] kept = [1, 3, 4, 5, 6, 7];
        var expected = kept.SelectMany(i => new[] { Revision(i), Names.SourceTag(Revision(i)), Names.LogTag(Revision(i)) }).Append("somebodys-own-tag");
        Assert.Equal(expected.Order(StringComparer.Ordinal), (await ListAsync(client.ListTagsAsync(repository, Cancel))).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_builds_kept_long_ago_goes_and_all_of_it_with_the_Lambda()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        await using var gc = GcHost.Create(cluster, registry.Host);
        var (client, lambda) = (registry.Client(), await cluster.CreateLambdaAsync("cached"));
        var cache = Names.CacheRepository(lambda);
        await PushImageAsync(client, cache, "old", "old", created: DateTimeOffset.UtcNow.AddDays(-15));
        await PushImageAsync(client, cache, "new", "new", created: DateTimeOffset.UtcNow.AddDays(-1));
        await PushImageAsync(client, cache, "dependencies-0000000000000000", "d", annotations: new Dictionary<string, string> { [OciAnnotations.Created] = "2020-01-01T00:00:00Z" });
        await PushImageAsync(client, cache, "buildpacks", "ageless", created: new DateTimeOffset(1980, 1, 1, 0, 0, 1, TimeSpan.Zero));
        await gc.GetRequiredService<RevisionRetention>().RunAsync(Cancel);
        Assert.Equal(["buildpacks", "new"], (await ListAsync(client.ListTagsAsync(cache, Cancel))).Order(StringComparer.Ordinal));

        await cluster.Client.CustomObjects.DeleteNamespacedCustomObjectAsync(
            Kublambda.Contracts.Resources.Lambda.Group, Kublambda.Contracts.Resources.Lambda.Version, lambda.Namespace, Kublambda.Contracts.Resources.Lambda.Plural, lambda.Name, cancellationToken: Cancel);
        await gc.GetRequiredService<Gc.Cleaning.Cleanup>().RunAsync(lambda, Cancel);
        Assert.Empty(await ListAsync(client.ListTagsAsync(cache, Cancel)));
    }

    private static string Revision(int number) => $"{number:x12}";

    /// <summary>A Deployment without pods, whose ReplicaSet names the image as well.</summary>
    private async Task RollOutAsync(LambdaRef lambda, string image)
    {
        var labels = Labels.For(lambda);
        var deployment = new V1Deployment
        {
            Metadata = new V1ObjectMeta { Name = lambda.Name, Labels = labels },
            Spec = new V1DeploymentSpec
            {
                Replicas = 0,
                Selector = new V1LabelSelector { MatchLabels = labels },
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta { Labels = labels },
                    Spec = new V1PodSpec { Containers = [new V1Container { Name = "function", Image = image }] },
                },
            },
        };
        await cluster.Client.AppsV1.CreateNamespacedDeploymentAsync(deployment, cluster.Namespace, cancellationToken: Cancel);
        for (var i = 0; i < 100; i++)
        {
            if ((await cluster.Client.AppsV1.ListNamespacedReplicaSetAsync(cluster.Namespace, cancellationToken: Cancel)).Items.Count > 0)
                return;
            await Task.Delay(100, Cancel);
        }
    }
}
