using System.Security.Cryptography;
using Kublambda.Builder.Remote;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Tests.Remote;

/// <summary>Sources that only the installation's proxy reaches, and whose names only it knows.</summary>
[Collection("makes directories of git")]
public sealed class ProxyTests : IAsyncLifetime, IDisposable
{
    private const string Host = "behind.example.test";
    private readonly TestAuthority _authority = new(Host);
    private readonly byte[] _zip = Zips.Of(("index.js", "code"));
    private GitServer _plain = null!;
    private GitServer _secure = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _plain = await GitServer.StartAsync();
        _secure = await GitServer.StartAsync(_authority.Server);
        foreach (var server in new[] { _plain, _secure })
        {
            server.Intercept = context =>
            {
                if (context.Request.Path != "/source.zip")
                    return false;
                context.Response.ContentLength = _zip.Length;
                context.Response.Body.WriteAsync(_zip).AsTask().Wait(Stop);
                return true;
            };
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _plain.DisposeAsync();
        await _secure.DisposeAsync();
        Dispose();
    }

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData("http", "GET http://behind.example.test/source.zip")]
    [InlineData("https", "CONNECT behind.example.test:443")]
    public async Task An_archive_comes_through_the_proxy(string scheme, string asked)
    {
        await using var proxy = new ProxyServer(new Uri((scheme == "http" ? _plain : _secure).Url));
        using var remote = Behind(proxy);
        using var bundle = await remote.Archives.BundleAsync(Archive($"{scheme}://{Host}/source.zip"), Stop);
        Assert.Equal(["index.js"], bundle.Paths);
        Assert.Equal([asked], proxy.Asked);
    }

    [Fact]
    public async Task A_git_repository_comes_through_the_proxy()
    {
        var commit = await _secure.CommitAsync("main", ("index.js", "code"));
        await using var proxy = new ProxyServer(new Uri(_secure.Url));
        using var remote = Behind(proxy);
        var source = new GitSource { Url = $"https://{Host}/app.git", Revision = "main" };
        Assert.Equal(commit, await remote.Git.ResolveAsync(source, null, Stop));
        using var bundle = await remote.Git.BundleAsync(source, null, commit, Stop);
        Assert.Equal(["index.js"], bundle.Paths);
        Assert.All(proxy.Asked, a => Assert.Equal($"CONNECT {Host}:443", a));
    }

    [Fact]
    public async Task A_host_that_is_reached_without_the_proxy_is()
    {
        await using var proxy = new ProxyServer(new Uri(_plain.Url));
        using var remote = Behind(proxy, noProxy: "localhost, .corp.example");
        var url = _plain.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal).Replace("app.git", "source.zip", StringComparison.Ordinal);
        (await remote.Archives.BundleAsync(Archive(url), Stop)).Dispose();
        Assert.Empty(proxy.Asked);
    }

    [Theory]
    [InlineData("http://169.254.169.254/source.zip")]
    [InlineData("http://[::1]/source.zip")]
    [InlineData("http://2130706433/source.zip")]
    [InlineData("https://10.0.0.1/source.zip")]
    public async Task An_address_that_is_not_allowed_is_not_asked_of_the_proxy_either(string url)
    {
        await using var proxy = new ProxyServer(new Uri(_plain.Url));
        using var remote = new RemoteFixture(allowed: "", options: new FetchOptions { CaFile = _authority.File, Proxy = proxy.Url });
        var refused = await Assert.ThrowsAsync<SourceRefusedException>(() => remote.Archives.BundleAsync(Archive(url), Stop));
        Assert.Equal(Reasons.SourceAddressForbidden, refused.Reason);
        var git = await Assert.ThrowsAsync<SourceRefusedException>(() => remote.Git.ResolveAsync(new() { Url = url.Replace("source.zip", "app.git", StringComparison.Ordinal) }, null, Stop));
        Assert.Equal(Reasons.SourceAddressForbidden, git.Reason);
        Assert.Empty(proxy.Asked);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task A_wrong_password_of_the_proxy_is_said_and_not_shown(string scheme)
    {
        await using var proxy = new ProxyServer(new Uri(_plain.Url));
        using var remote = new RemoteFixture(options: new FetchOptions { CaFile = _authority.File, Proxy = proxy.Url.Replace("s3cret", "wr0ng", StringComparison.Ordinal) });
        var archive = await Assert.ThrowsAsync<SourceUnavailableException>(() => remote.Archives.BundleAsync(Archive($"{scheme}://{Host}/source.zip"), Stop));
        Assert.Contains("407", archive.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wr0ng", archive.Message, StringComparison.Ordinal);
        var git = await Assert.ThrowsAsync<SourceUnavailableException>(() => remote.Git.ResolveAsync(new() { Url = $"{scheme}://{Host}/app.git" }, null, Stop));
        Assert.Contains("407", git.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wr0ng", git.Message, StringComparison.Ordinal);
    }

    private RemoteFixture Behind(ProxyServer proxy, string? noProxy = null) =>
        new(options: new FetchOptions { CaFile = _authority.File, Proxy = proxy.Url, NoProxy = noProxy });

    private ArchiveSource Archive(string url) => new() { Url = url, Sha256 = Convert.ToHexStringLower(SHA256.HashData(_zip)) };
}
