using System.Security.Cryptography;
using static Kublambda.Registry.Tests.Artifacts;

namespace Kublambda.Registry.Tests;

public sealed class RegistryFixture : IAsyncLifetime
{
    public LocalRegistry Registry { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Registry = await LocalRegistry.StartAsync();

    public ValueTask DisposeAsync() => Registry.DisposeAsync();
}

public sealed class RegistryClientTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private readonly IRegistryClient _client = fixture.Registry.Client();
    private readonly string _repository = $"shop/r{Guid.NewGuid():n}";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_image_that_was_pushed_is_found_by_tag_and_by_digest()
    {
        var pushed = await PushImageAsync(_client, _repository, "v1", "a");

        Assert.Equal(pushed, await _client.HeadManifestAsync(_repository, "v1", Cancel));
        Assert.Equal(pushed, await _client.HeadManifestAsync(_repository, pushed.Digest, Cancel));
        var content = await _client.GetManifestAsync(_repository, "v1", Cancel);
        Assert.Equal(pushed, content!.Descriptor);
        Assert.Equal(MediaTypes.OciConfig, content.Parse().Config!.MediaType);
    }

    [Fact]
    public async Task What_is_not_there_is_null_false_or_empty_and_no_error()
    {
        var digest = Digest.Of("nothing"u8);

        Assert.Null(await _client.HeadManifestAsync(_repository, "v1", Cancel));
        Assert.Null(await _client.GetManifestAsync(_repository, "v1", Cancel));
        Assert.False(await _client.BlobExistsAsync(_repository, digest, Cancel));
        Assert.False(await _client.DeleteManifestAsync(_repository, digest, Cancel));
        Assert.Empty(await ListAsync(_client.ListTagsAsync(_repository, Cancel)));
    }

    [Fact]
    public async Task An_index_is_found_though_only_its_own_type_is_accepted_for_it()
    {
        var image = await PushImageAsync(_client, _repository, null, "a");
        var index = await PushIndexAsync(_client, _repository, "multi", image);

        Assert.Equal(index, await _client.HeadManifestAsync(_repository, "multi", Cancel));
        Assert.Equal([image], (await _client.GetManifestAsync(_repository, "multi", Cancel))!.Parse().Manifests!);
    }

    [Fact]
    public async Task Deleting_a_manifest_takes_all_its_tags_and_a_second_time_finds_nothing()
    {
        var pushed = await PushImageAsync(_client, _repository, "v1", "a");
        await PushImageAsync(_client, _repository, "v2", "a");

        Assert.True(await _client.DeleteManifestAsync(_repository, pushed.Digest, Cancel));

        Assert.False(await _client.DeleteManifestAsync(_repository, pushed.Digest, Cancel));
        Assert.Empty(await ListAsync(_client.ListTagsAsync(_repository, Cancel)));
    }

    [Fact]
    public async Task A_blob_that_is_there_is_not_opened_again()
    {
        var blob = await PushBlobAsync(_client, _repository, "once");

        await _client.PushBlobAsync(_repository, blob.Digest, blob.Size, () => throw new InvalidOperationException("opened"), Cancel);
    }

    [Fact]
    public async Task A_large_blob_comes_back_byte_by_byte()
    {
        var bytes = RandomNumberGenerator.GetBytes(20_000_000);
        await _client.PushBlobAsync(_repository, Digest.Of(bytes), bytes.Length, () => new MemoryStream(bytes), Cancel);

        await using var stream = await _client.OpenBlobAsync(_repository, Digest.Of(bytes), Cancel);
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, Cancel);

        Assert.Equal(bytes, copy.ToArray());
    }

    [Fact]
    public async Task A_blob_with_a_digest_that_is_not_its_own_is_refused()
    {
        var e = await Assert.ThrowsAsync<RegistryException>(() =>
            _client.PushBlobAsync(_repository, Digest.Of("other"u8), 4, () => new MemoryStream("this"u8.ToArray()), Cancel));

        Assert.Equal(RegistryErrorKind.Invalid, e.Kind);
    }

    [Fact]
    public async Task A_blob_of_another_repository_is_mounted_without_its_bytes()
    {
        var blob = await PushBlobAsync(_client, _repository, "shared");

        Assert.True(await _client.MountBlobAsync($"{_repository}-two", blob.Digest, _repository, Cancel));

        Assert.True(await _client.BlobExistsAsync($"{_repository}-two", blob.Digest, Cancel));
        Assert.False(await _client.MountBlobAsync($"{_repository}-two", Digest.Of("nowhere"u8), _repository, Cancel));
    }

    [Fact]
    public async Task All_tags_and_repositories_are_listed_over_several_pages()
    {
        var names = Enumerable.Range(0, 130).Select(i => $"{_repository}-{i:d3}").ToList();
        foreach (var name in names)
            await PushBlobAsync(_client, name, "x");
        var image = await PushImageAsync(_client, _repository, "t000", "a");
        var manifest = (await _client.GetManifestAsync(_repository, image.Digest, Cancel))!;
        for (var i = 1; i < 120; i++)
            await _client.PutManifestAsync(_repository, $"t{i:d3}", image.MediaType, manifest.Content, Cancel);

        Assert.Equal(120, (await ListAsync(_client.ListTagsAsync(_repository, Cancel))).Count);
        Assert.Contains(_repository, await ListAsync(_client.ListRepositoriesAsync(Cancel)));
    }

    [Fact]
    public async Task A_manifest_whose_blobs_are_missing_is_refused_with_the_registrys_words()
    {
        var manifest = new OciManifest { MediaType = MediaTypes.OciManifest, Config = new Descriptor(MediaTypes.OciConfig, Digest.Of("no"u8), 2), Layers = [] }.ToBytes();

        var e = await Assert.ThrowsAsync<RegistryException>(() => _client.PutManifestAsync(_repository, "v1", MediaTypes.OciManifest, manifest, Cancel));

        Assert.Equal(RegistryErrorKind.Invalid, e.Kind);
        Assert.Contains("MANIFEST_BLOB_UNKNOWN", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../../v2/other/x", "v1")]
    [InlineData("shop/x?n=1", "v1")]
    [InlineData("shop/x", "v1/../../y")]
    [InlineData("shop/x", "")]
    public async Task Names_that_could_lead_elsewhere_never_reach_the_registry(string repository, string reference)
    {
        var e = await Assert.ThrowsAsync<RegistryException>(() => _client.HeadManifestAsync(repository, reference, Cancel));

        Assert.Equal(RegistryErrorKind.Invalid, e.Kind);
    }

    [Fact]
    public async Task A_registry_answers_a_ping() => await _client.PingAsync(Cancel);
}
