using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Remote;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Registry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Tests.Remote;

/// <summary>Ready images of private registries: over TLS, with the imagePullSecrets of the Lambda's ServiceAccount.</summary>
[Collection("makes directories of git")]
public sealed class ReadyImagesTests : IAsyncLifetime, IDisposable
{
    private const string Digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private readonly TestAuthority _authority = new("behind.example.test");
    private GitServer _registry = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Host => new Uri(_registry.Url).Authority;

    public async ValueTask InitializeAsync()
    {
        _registry = await GitServer.StartAsync(_authority.Server);
        _registry.Intercept = context =>
        {
            if (context.Request.Headers.Authorization != "Basic " + Convert.ToBase64String("me:s3cret"u8))
            {
                context.Response.StatusCode = 401;
                context.Response.Headers.WWWAuthenticate = "Basic realm=\"registry\"";
                return true;
            }

            context.Response.Headers.ContentType = MediaTypes.OciManifest;
            context.Response.Headers["Docker-Content-Digest"] = Digest;
            context.Response.ContentLength = 100;
            return true;
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        Dispose();
    }

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task A_tag_of_a_private_registry_becomes_a_digest_with_the_pull_secret_of_its_host()
    {
        var image = await ResolveAsync($"{Host}/acme/greet:1.2", new FetchOptions(), Secret(Host, "me:s3cret"));
        Assert.Equal($"{Host}/acme/greet@{Digest}", image.ToString());
    }

    [Fact]
    public async Task Through_the_proxy_too()
    {
        await using var proxy = new ProxyServer(new Uri(_registry.Url));
        var image = await ResolveAsync("behind.example.test/acme/greet:1.2", new FetchOptions { Proxy = proxy.Url }, Secret("behind.example.test", "me:s3cret"));
        Assert.Equal(Digest, image.Digest);
        Assert.Contains("CONNECT behind.example.test:443", proxy.Asked);
    }

    [Fact]
    public async Task Without_it_or_with_another_one_it_is_said_where_it_belongs()
    {
        foreach (var secret in new[] { null, Secret("other.example.com", "me:s3cret"), Secret(Host, "me:wr0ng") })
        {
            var refused = await Assert.ThrowsAsync<SourceUnavailableException>(() => ResolveAsync($"{Host}/acme/greet:1.2", new FetchOptions(), secret));
            Assert.Equal(Reasons.SourceUnauthorized, refused.Reason);
            Assert.Contains("imagePullSecrets of the ServiceAccount \"default\"", refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("wr0ng", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_registry_that_may_not_be_reached_is_not()
    {
        var refused = await Assert.ThrowsAsync<SourceRefusedException>(() => ResolveAsync($"{Host}/acme/greet:1.2", new FetchOptions(), Secret(Host, "me:s3cret"), allowed: ""));
        Assert.Equal(Reasons.SourceAddressForbidden, refused.Reason);
        Assert.Empty(_registry.Asked);
    }

    private async Task<ImageReference> ResolveAsync(string reference, FetchOptions options, string? secret, string allowed = "127.0.0.1")
    {
        var fetch = Options.Create(options with { CaFile = _authority.File, AllowedPrivate = allowed });
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Registry:PushHost", "registry.example.com"), new("Registry:PullHost", "registry.example.com")]).Build();
        await using var services = new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System).AddRegistry(configuration).BuildServiceProvider();
        using var trust = new TrustBundle(fetch);
        using var http = new SourceHttp(new HostResolver(fetch, new ApiServerAddresses(null, configuration, TimeProvider.System)), trust, fetch);
        var images = new ReadyImages(
            new PullSecrets(secret), services.GetRequiredService<IRegistryClients>(), http, services.GetRequiredService<IOptions<RegistryOptions>>(), fetch);
        return await images.ResolveAsync(
            new() { Metadata = new() { Name = "ready", NamespaceProperty = "shop" }, Spec = new() { Runtime = Runtimes.Image, Source = new() { Image = new() { Reference = reference } } } }, Stop);
    }

    private static string Secret(string host, string credentials) =>
        $$$$"""{"auths": {"{{{{host}}}}": {"auth": "{{{{Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(credentials))}}}}"}}}""";

    /// <summary>A namespace whose ServiceAccounts have one pull secret.</summary>
    private sealed class PullSecrets(string? secret) : ILambdas
    {
        public Task<Lambda?> ReadBuildableAsync(LambdaRef reference, CancellationToken cancellationToken) => Task.FromResult<Lambda?>(null);

        public Task<V1ConfigMap?> ReadSourceAsync(Lambda lambda, CancellationToken cancellationToken) => Task.FromResult<V1ConfigMap?>(null);

        public Task<V1Secret?> ReadSecretAsync(Lambda lambda, string name, CancellationToken cancellationToken) => Task.FromResult<V1Secret?>(null);

        public Task<IReadOnlyList<string>> ReadPullSecretsAsync(Lambda lambda, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>(secret is null ? [] : [secret]);
    }
}
