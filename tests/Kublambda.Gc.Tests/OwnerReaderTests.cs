using Kublambda.Contracts;
using Kublambda.Gc.Sweeping;
using Kublambda.Registry;
using static Kublambda.Registry.Tests.Artifacts;

namespace Kublambda.Gc.Tests;

public sealed class OwnerReaderTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private const string Here = "the-uid-of-this-cluster";
    private readonly IRegistryClient _client = fixture.Registry.Client();
    private readonly LambdaRef _lambda = new("shop", "resize", Guid.NewGuid().ToString());

    private string Repository => Names.Repository(_lambda);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bundle_tells_its_Lambda_by_annotations()
    {
        await PushImageAsync(_client, Repository, "source-v1", "a", annotations: Marks(_lambda));

        Assert.Equal((_lambda, false), await FindAsync(Repository));
    }

    [Fact]
    public async Task An_image_tells_its_Lambda_by_labels_behind_an_index_too()
    {
        var image = await PushImageAsync(_client, Repository, null, "a", labels: Marks(_lambda));
        await PushIndexAsync(_client, Repository, "v1", image);

        Assert.Equal((_lambda, false), await FindAsync(Repository));
    }

    [Fact]
    public async Task An_unmarked_artifact_beside_a_marked_one_hides_nothing()
    {
        await PushImageAsync(_client, Repository, "cache", "cache");
        await PushImageAsync(_client, Repository, "v1", "a", labels: Marks(_lambda));

        Assert.Equal((_lambda, false), await FindAsync(Repository));
    }

    [Fact]
    public async Task An_image_without_marks_is_nobodys()
    {
        await PushImageAsync(_client, Repository, "v1", "a", labels: new Dictionary<string, string> { ["maintainer"] = "somebody" });

        Assert.Equal((null, false), await FindAsync(Repository));
    }

    [Fact]
    public async Task An_image_copied_from_a_Lambda_to_another_place_is_not_the_Lambdas()
    {
        await PushImageAsync(_client, "backup/resize-0a1b2c3d", "v1", "a", labels: Marks(_lambda));

        Assert.Equal((null, false), await FindAsync("backup/resize-0a1b2c3d"));
    }

    [Fact]
    public async Task A_Lambda_of_another_cluster_on_the_same_registry_is_not_ours()
    {
        await PushImageAsync(_client, Repository, "v1", "a", labels: Marks(_lambda, "the-uid-of-another-cluster"));

        Assert.Equal((null, false), await FindAsync(Repository));
    }

    [Theory]
    [InlineData("not-a-uid", "shop/resize")]
    [InlineData("", "shop/resize")]
    [InlineData(null, "shop/resize")]
    [InlineData("0a1b2c3d-0000-0000-0000-000000000000", "resize")]
    [InlineData("0a1b2c3d-0000-0000-0000-000000000000", "a/b/c")]
    public async Task Marks_that_are_not_ours_count_for_nothing(string? uid, string lambda)
    {
        var marks = new Dictionary<string, string> { [OciAnnotations.Cluster] = Here, [OciAnnotations.Lambda] = lambda };
        if (uid is not null)
            marks[OciAnnotations.LambdaUid] = uid;
        await PushImageAsync(_client, Repository, "v1", "a", labels: marks);

        Assert.Equal((null, false), await FindAsync(Repository));
    }

    [Fact]
    public async Task A_repository_without_tags_is_empty() => Assert.Equal((null, true), await FindAsync(Repository));

    [Theory]
    [InlineData("shop/resize-0a1b2c3d", true)]
    [InlineData("kublambda/runtime-nodejs", false)]
    [InlineData("node", false)]
    [InlineData("a/b/resize-0a1b2c3d", false)]
    public void Most_repositories_of_others_are_told_by_their_name(string repository, bool maybe) =>
        Assert.Equal(maybe, OwnerReader.MayBeOurs(repository));

    private Task<(LambdaRef? Owner, bool Empty)> FindAsync(string repository) => new OwnerReader(_client).FindAsync(repository, Here, Cancel);

    private static Dictionary<string, string> Marks(LambdaRef lambda, string cluster = Here) => new()
    {
        [OciAnnotations.Cluster] = cluster,
        [OciAnnotations.LambdaUid] = lambda.Uid,
        [OciAnnotations.Lambda] = lambda.ToString(),
        [OciAnnotations.Revision] = "v1",
    };
}
