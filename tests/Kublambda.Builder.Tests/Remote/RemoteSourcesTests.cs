using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Remote;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Registry;
using Kublambda.Registry.Tests;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Kublambda.Builder.Tests.Remote;

/// <summary>What is fetched, what is remembered, and when it is fetched again; with a real git server and a real registry.</summary>
[Collection("makes directories of git")]
public sealed class RemoteSourcesTests : IAsyncLifetime
{
    private readonly RemoteFixture _remote = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private GitServer _server = null!;
    private LocalRegistry _registry = null!;
    private IRegistryClient _client = null!;
    private RemoteSources _sources = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await GitServer.StartAsync();
        _registry = await LocalRegistry.StartAsync();
        _client = _registry.Client();
        _sources = Sources();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _registry.DisposeAsync();
        _remote.Dispose();
    }

    [Fact]
    public async Task A_commit_is_fetched_once_by_all_replicas_and_a_moved_branch_when_it_is_looked_at_anew()
    {
        var commit = await _server.CommitAsync("main", ("index.js", "one"));
        var lambda = ALambda(new() { Git = new() { Url = _server.Url } });
        using var first = await _sources.GetAsync(lambda, anew: true, Stop);
        Assert.False(first.IsRemembered);
        Assert.Equal(commit, first.Commit);
        await SourceArtifact.PushAsync(_client, TestPipelines.Job() with { Lambda = LambdaRef.Of(lambda) }, first, _time.GetUtcNow(), Stop);

        var fetches = Fetches();
        using var again = await Sources().GetAsync(lambda, anew: true, Stop);
        Assert.True(again.IsRemembered);
        Assert.Equal(commit, again.Commit);
        // Where the branch points to is asked for in one request; a fetch takes two more.
        Assert.Equal(fetches + 1, Fetches());
        Assert.Equal((first.ContentDigest, first.Digest, first.Length), (again.ContentDigest, again.Digest, again.Length));
        Assert.Equal(first.Paths, again.Paths);
        await using (var a = first.Open())
        await using (var b = again.Open())
            Assert.Equal(await BytesAsync(a), await BytesAsync(b));

        await _server.CommitAsync("main", ("index.js", "two"));
        using var same = await _sources.GetAsync(lambda, anew: false, Stop);
        Assert.Equal(first.ContentDigest, same.ContentDigest);
        using var moved = await _sources.GetAsync(lambda, anew: true, Stop);
        Assert.NotEqual(first.ContentDigest, moved.ContentDigest);
    }

    [Fact]
    public async Task What_was_refused_is_not_fetched_again_until_it_is_asked_for_or_time_has_passed()
    {
        var commit = await _server.CommitAsync("main", ("index.js", "x"), ("160000:theirs", ""));
        var lambda = ALambda(new() { Git = new() { Url = _server.Url, Revision = commit } });
        var refused = await Assert.ThrowsAsync<SourceRefusedException>(() => _sources.GetAsync(lambda, anew: true, Stop));
        var asked = _server.Asked.Count;
        var again = await Assert.ThrowsAsync<SourceRefusedException>(() => _sources.GetAsync(lambda, anew: true, Stop));
        Assert.Equal((refused.Message, refused.Reason, asked), (again.Message, again.Reason, _server.Asked.Count));

        lambda.Metadata.Annotations = new Dictionary<string, string> { [Labels.Fetch] = "now" };
        await Assert.ThrowsAsync<SourceRefusedException>(() => _sources.GetAsync(lambda, anew: true, Stop));
        Assert.True(_server.Asked.Count > asked);
        asked = _server.Asked.Count;
        _time.Advance(new FetchOptions().RetryRefused + TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<SourceRefusedException>(() => _sources.GetAsync(lambda, anew: true, Stop));
        Assert.True(_server.Asked.Count > asked);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_up_after_the_time_that_is_set()
    {
        await _server.CommitAsync("main", ("index.js", "x"));
        _server.Hang = true;
        var slow = Sources(new FetchOptions { Timeout = TimeSpan.FromSeconds(1) });
        var e = await Assert.ThrowsAsync<SourceUnavailableException>(() => slow.GetAsync(ALambda(new() { Git = new() { Url = _server.Url } }), anew: true, Stop));
        Assert.Contains("within 1 s", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Secret_that_is_not_there_is_named()
    {
        var lambda = ALambda(new() { Git = new() { Url = "https://git.example.com/app.git", SecretRef = new() { Name = "nope" } } });
        Assert.Contains("\"nope\"", (await Assert.ThrowsAsync<SourceNotFoundException>(() => _sources.GetAsync(lambda, anew: true, Stop))).Message, StringComparison.Ordinal);
    }

    private int Fetches() => _server.Asked.Count(a => a.Path.EndsWith("git-upload-pack", StringComparison.Ordinal));

    private RemoteSources Sources(FetchOptions? options = null) => new(
        new NoSecrets(), new BundleMemory(_client), _remote.Archives, _remote.Git, Options.Create(options ?? new FetchOptions()), _time, NullLogger<RemoteSources>.Instance);

    private static Lambda ALambda(SourceSpec source) => new()
    {
        Metadata = new() { Name = "remote", NamespaceProperty = "shop", Uid = "1a2b3c4d-0000-4000-8000-000000000000", Generation = 1 },
        Spec = new() { Runtime = Runtimes.Nodejs, Source = source },
    };

    private static async Task<byte[]> BytesAsync(Stream stream)
    {
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, Stop);
        return copy.ToArray();
    }

    /// <summary>A namespace in which there is nothing.</summary>
    private sealed class NoSecrets : ILambdas
    {
        public Task<Lambda?> ReadBuildableAsync(LambdaRef reference, CancellationToken cancellationToken) => Task.FromResult<Lambda?>(null);

        public Task<V1ConfigMap?> ReadSourceAsync(Lambda lambda, CancellationToken cancellationToken) => Task.FromResult<V1ConfigMap?>(null);

        public Task<V1Secret?> ReadSecretAsync(Lambda lambda, string name, CancellationToken cancellationToken) => Task.FromResult<V1Secret?>(null);

        public Task<IReadOnlyList<string>> ReadPullSecretsAsync(Lambda lambda, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);
    }
}
