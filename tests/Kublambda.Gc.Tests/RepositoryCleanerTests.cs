using Kublambda.Contracts;
using Kublambda.Gc.Cleaning;
using Kublambda.Registry;
using Kublambda.Registry.Tests;
using static Kublambda.Registry.Tests.Artifacts;

namespace Kublambda.Gc.Tests;

public sealed class RegistryFixture : IAsyncLifetime
{
    public LocalRegistry Registry { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Registry = await LocalRegistry.StartAsync();

    public ValueTask DisposeAsync() => Registry.DisposeAsync();
}

public sealed class RepositoryCleanerTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private readonly IRegistryClient _client = fixture.Registry.Client();
    private readonly string _repository = $"shop/r{Guid.NewGuid():n}";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_empty_or_unknown_repository_is_done_at_once() => Assert.Empty(await Cleaner(_client).EmptyAsync(_repository, Cancel));

    [Fact]
    public async Task Every_manifest_goes_and_nothing_of_a_neighbour()
    {
        var all = await FillAsync(_repository);
        await FillAsync($"{_repository}-neighbour");

        var deleted = await Cleaner(_client).EmptyAsync(_repository, Cancel);

        Assert.Equal(all.Order(), deleted.Order());
        await AssertEmptyAsync(_repository, all);
        Assert.Equal(6, (await ListAsync(_client.ListTagsAsync($"{_repository}-neighbour", Cancel))).Count);
        Assert.Empty(await Cleaner(_client).EmptyAsync(_repository, Cancel));
    }

    [Fact]
    public async Task Filled_and_emptied_twenty_times_it_is_empty_and_the_same_digests_can_come_back_each_time()
    {
        for (var i = 0; i < 20; i++)
        {
            var all = await FillAsync(_repository);
            Assert.NotNull(await _client.HeadManifestAsync(_repository, "v1", Cancel));

            await Cleaner(_client).EmptyAsync(_repository, Cancel);

            await AssertEmptyAsync(_repository, all);
        }
    }

    [Fact]
    public async Task Four_runs_at_once_delete_everything_and_none_of_them_fails()
    {
        for (var i = 0; i < 20; i++)
        {
            var all = await FillAsync(_repository);

            var runs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Cleaner(_client).EmptyAsync(_repository, Cancel)));

            Assert.Subset(all.ToHashSet(), runs.SelectMany(r => r).Where(all.Contains).ToHashSet());
            await AssertEmptyAsync(_repository, all);
        }
    }

    [Fact]
    public async Task Twenty_repositories_at_once_are_all_emptied()
    {
        var names = Enumerable.Range(0, 20).Select(i => $"{_repository}-{i}").ToList();
        var filled = new List<(string Name, List<string> All)>();
        foreach (var name in names)
            filled.Add((name, await FillAsync(name)));

        await Task.WhenAll(names.Select(name => Cleaner(_client).EmptyAsync(name, Cancel)));

        foreach (var (name, all) in filled)
            await AssertEmptyAsync(name, all);
    }

    [Fact]
    public async Task A_tag_that_a_killed_registry_left_without_its_manifest_goes_too()
    {
        var image = await PushImageAsync(_client, _repository, "v1", "a");
        var kept = await PushImageAsync(_client, _repository, "v2", "b");
        Directory.Delete(Path.Combine(fixture.Registry.Data, "repositories", _repository, "_manifests/revisions/sha256", image.Digest[7..]), recursive: true);
        Assert.Null(await _client.HeadManifestAsync(_repository, "v1", Cancel));

        await Cleaner(_client).EmptyAsync(_repository, Cancel);

        await AssertEmptyAsync(_repository, [image.Digest, kept.Digest]);
    }

    [Fact]
    public async Task A_repository_that_somebody_fills_all_the_time_is_given_up_with_a_reason()
    {
        await FillAsync(_repository);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var pusher = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
                await PushImageAsync(_client, _repository, $"again-{i}", $"again {i}");
        }, Cancel);

        try
        {
            await Cleaner(_client).EmptyAsync(_repository, Cancel);
        }
        catch (CleanupWaitingException e)
        {
            Assert.Equal(Reasons.CleaningUp, e.Reason);
            Assert.Contains(_repository, e.Message, StringComparison.Ordinal);
        }
        await stop.CancelAsync();
        await pusher;
        await Cleaner(_client).EmptyAsync(_repository, Cancel);

        Assert.Empty(await ListAsync(_client.ListTagsAsync(_repository, Cancel)));
    }

    [Fact]
    public async Task A_registry_that_is_killed_and_comes_back_is_cleaned_from_where_it_was()
    {
        await using var registry = await LocalRegistry.StartAsync();
        var client = registry.Client();
        for (var i = 0; i < 10; i++)
            await PushImageAsync(client, _repository, $"v{i}", $"{i}");
        await registry.KillAsync();
        var e = await Assert.ThrowsAsync<RegistryException>(() => Cleaner(client).EmptyAsync(_repository, Cancel));
        Assert.Equal(RegistryErrorKind.Unavailable, e.Kind);

        await registry.StartProcessAsync();

        Assert.Equal(10, (await Cleaner(client).EmptyAsync(_repository, Cancel)).Count);
    }

    private static RepositoryCleaner Cleaner(IRegistryClient client) => new(client, new RepositoryReader(client));

    /// <summary>As a Lambda's repository may look at its worst: images, a tag more on one, an index of two, a nested index, a bundle.</summary>
    private async Task<List<string>> FillAsync(string repository)
    {
        var one = await PushImageAsync(_client, repository, "v1", "one");
        await PushImageAsync(_client, repository, "latest", "one");
        var two = await PushImageAsync(_client, repository, null, "two");
        var index = await PushIndexAsync(_client, repository, "multi", one, two);
        var outer = await PushIndexAsync(_client, repository, "nested", index);
        var bundle = await PushImageAsync(_client, repository, "source-v1", "bundle", annotations: new Dictionary<string, string> { [OciAnnotations.Revision] = "v1" });
        var cache = await PushImageAsync(_client, repository, "cache", "cache");
        return [one.Digest, two.Digest, index.Digest, outer.Digest, bundle.Digest, cache.Digest];
    }

    private async Task AssertEmptyAsync(string repository, IEnumerable<string> digests)
    {
        Assert.Empty(await ListAsync(_client.ListTagsAsync(repository, Cancel)));
        foreach (var digest in digests)
            Assert.Null(await _client.HeadManifestAsync(repository, digest, Cancel));
    }
}
