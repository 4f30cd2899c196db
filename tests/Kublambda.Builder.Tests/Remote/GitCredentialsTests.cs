using System.Text;
using k8s.Models;
using Kublambda.Builder.Remote;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Tests.Remote;

/// <summary>Private repositories, over real TLS and a real sshd.</summary>
[Collection("makes directories of git")]
public sealed class GitCredentialsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_password_goes_to_its_server_over_https_that_an_authority_of_the_installation_signed()
    {
        using var authority = new TestAuthority();
        await using var server = await GitServer.StartAsync(authority.Server);
        var commit = await server.CommitAsync("main", ("index.js", "code"));
        server.Intercept = context =>
        {
            if (context.Request.Headers.Authorization == "Basic " + Convert.ToBase64String("me:s3cret"u8))
                return false;
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Basic realm=git";
            return true;
        };
        // By name, so that the address that was checked is the one that is connected to.
        var source = new GitSource { Url = server.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal), Revision = "main" };
        using var remote = new RemoteFixture(options: new FetchOptions { CaFile = authority.File });

        Assert.Equal(commit, await remote.Git.ResolveAsync(source, Secret(("username", "me"), ("password", "s3cret\n")), Stop));
        using var bundle = await remote.Git.BundleAsync(source, Secret(("username", "me"), ("password", "s3cret")), commit, Stop);
        Assert.Equal(["index.js"], bundle.Paths);

        var wrong = await Assert.ThrowsAsync<SourceUnavailableException>(() => remote.Git.ResolveAsync(source, Secret(("username", "me"), ("password", "wr0ng")), Stop));
        Assert.Equal(Reasons.SourceUnauthorized, wrong.Reason);
        Assert.DoesNotContain("wr0ng", wrong.Message, StringComparison.Ordinal);

        using var distrusting = new RemoteFixture();
        var untrusted = await Assert.ThrowsAsync<SourceUnavailableException>(() => distrusting.Git.ResolveAsync(source, null, Stop));
        Assert.Contains("Fetch__CaFile", untrusted.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_archive_comes_over_https_that_an_authority_of_the_installation_signed()
    {
        using var authority = new TestAuthority();
        await using var server = await GitServer.StartAsync(authority.Server);
        var source = new ArchiveSource { Url = server.Url.Replace("app.git", "none", StringComparison.Ordinal), Sha256 = new string('a', 64) };
        using var remote = new RemoteFixture(options: new FetchOptions { CaFile = authority.File });
        await Assert.ThrowsAsync<SourceNotFoundException>(() => remote.Archives.BundleAsync(source, Stop));
        using var distrusting = new RemoteFixture();
        var untrusted = await Assert.ThrowsAsync<SourceUnavailableException>(() => distrusting.Archives.BundleAsync(source, Stop));
        Assert.Contains("Fetch__CaFile", untrusted.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_opens_an_ssh_repository_whose_host_is_known()
    {
        await using var server = await GitServer.StartAsync();
        await using var ssh = await SshServer.StartAsync();
        var commit = await server.CommitAsync("main", ("index.js", "code"));
        using var remote = new RemoteFixture();
        var source = new GitSource { Url = $"ssh://{Environment.UserName}@127.0.0.1:{ssh.Port}{server.Repository}" };
        var secret = Secret(("ssh-privatekey", ssh.UserKey.Trim()), ("known_hosts", ssh.KnownHosts));

        Assert.Equal(commit, await remote.Git.ResolveAsync(source, secret, Stop));
        using var bundle = await remote.Git.BundleAsync(source, secret, commit, Stop);
        Assert.Equal(["index.js"], bundle.Paths);

        await RefusedAsync("host key", ("ssh-privatekey", ssh.UserKey), ("known_hosts", ssh.OtherKnownHosts));
        await RefusedAsync("host key", ("ssh-privatekey", ssh.UserKey), ("known_hosts", "# none\n"));
        await RefusedAsync("refuses access", ("ssh-privatekey", ssh.OtherKey), ("known_hosts", ssh.KnownHosts));
        await RefusedAsync("ssh-keygen", ("ssh-privatekey", "no key"), ("known_hosts", ssh.KnownHosts));

        async Task RefusedAsync(string because, params (string Key, string Value)[] data)
        {
            var refused = await Assert.ThrowsAsync<SourceUnavailableException>(() => remote.Git.ResolveAsync(source, Secret(data), Stop));
            Assert.Equal(Reasons.SourceUnauthorized, refused.Reason);
            Assert.Contains(because, refused.Message, StringComparison.Ordinal);
        }
    }

    private static V1Secret Secret(params (string Key, string Value)[] data) =>
        new() { Metadata = new() { Name = "credentials" }, Data = data.ToDictionary(d => d.Key, d => Encoding.UTF8.GetBytes(d.Value)) };
}
