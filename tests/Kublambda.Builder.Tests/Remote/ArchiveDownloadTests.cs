using System.Diagnostics;
using System.Security.Cryptography;
using Kublambda.Builder.Remote;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kublambda.Builder.Tests.Remote;

/// <summary>Archives by URL, from a server on 127.0.0.1.</summary>
public sealed class ArchiveDownloadTests : IAsyncLifetime, IDisposable
{
    private readonly RemoteFixture _remote = new();
    private readonly byte[] _zip = Zips.Of(("index.js", "code"));
    private readonly List<string> _asked = [];
    private WebApplication _server = null!;
    private RequestDelegate _answer = _ => Task.CompletedTask;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Url => $"{_server.Urls.First()}/source.zip?signature=s3cret";

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.Run(context =>
        {
            _asked.Add(context.Request.Host.Host);
            return _answer(context);
        });
        await _server.StartAsync();
        _answer = context => context.Response.Body.WriteAsync(_zip).AsTask();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Dispose();
    }

    public void Dispose() => _remote.Dispose();

    [Fact]
    public async Task An_archive_with_the_right_digest_is_the_source()
    {
        using var bundle = await FetchAsync(Url, _zip);
        Assert.Equal(["index.js"], bundle.Paths);
    }

    [Fact]
    public async Task A_wrong_digest_has_its_own_reason_and_both_digests_and_not_the_query()
    {
        var refused = await Assert.ThrowsAsync<SourceRefusedException>(() => FetchAsync(Url, [1]));
        Assert.Equal(Reasons.SourceChecksumMismatch, refused.Reason);
        Assert.Contains(Hex(_zip), refused.Message, StringComparison.Ordinal);
        Assert.Contains(Hex([1]), refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirects_are_followed_within_bounds()
    {
        var hops = 0;
        var serve = _answer;
        _answer = context =>
        {
            if (++hops > 3)
                return serve(context);
            context.Response.Redirect($"/hop{hops}");
            return Task.CompletedTask;
        };
        (await FetchAsync(Url, _zip)).Dispose();
        _answer = context =>
        {
            context.Response.Redirect("/again");
            return Task.CompletedTask;
        };
        Assert.Contains("more than 5 times", (await Assert.ThrowsAsync<SourceRefusedException>(() => FetchAsync(Url, _zip))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data/", "a link-local")]
    [InlineData("http://[::ffff:169.254.169.254]/latest", "a link-local")]
    [InlineData("http://2852039166/latest", "a link-local")]
    [InlineData("http://127.0.0.2/x", "a loopback")]
    [InlineData("http://0x7f000002/x", "a loopback")]
    [InlineData("http://10.96.0.1/api", "the API server's")]
    [InlineData("http://[::]/x", "an unspecified")]
    [InlineData("http://0251.0376.0251.0376/latest", "a link-local")]
    [InlineData("http://169.254.43518/latest", "a link-local")]
    [InlineData("http://[64:ff9b::a9fe:a9fe]/latest", "a link-local")]
    [InlineData("http://[fe80::1]/x", "a link-local")]
    [InlineData("http://user@169.254.169.254/x", "a link-local")]
    [InlineData("//169.254.169.254/x", "a link-local")]
    [InlineData("file:///etc/passwd", "to file")]
    [InlineData("gopher://example.com/", "to gopher")]
    public async Task A_redirect_that_leads_inside_is_refused(string to, string because)
    {
        _answer = context =>
        {
            context.Response.Redirect(to);
            return Task.CompletedTask;
        };
        using var remote = new RemoteFixture(allowed: "127.0.0.1", apiServer: "10.96.0.1");
        var refused = await Assert.ThrowsAsync<SourceRefusedException>(() => remote.Archives.BundleAsync(new() { Url = Url, Sha256 = Hex(_zip) }, Stop));
        Assert.Contains(because, refused.Message, StringComparison.Ordinal);
        Assert.Single(_asked);
    }

    [Fact]
    public async Task A_name_whose_address_is_inside_is_refused_before_anything_is_sent()
    {
        using var remote = new RemoteFixture(allowed: "");
        foreach (var host in new[] { "localhost", "127.0.0.1", "[::1]" })
        {
            var url = Url.Replace("127.0.0.1", host, StringComparison.Ordinal);
            var refused = await Assert.ThrowsAsync<SourceRefusedException>(() => remote.Archives.BundleAsync(new() { Url = url, Sha256 = Hex(_zip) }, Stop));
            Assert.Equal(Reasons.SourceAddressForbidden, refused.Reason);
        }

        Assert.Empty(_asked);
    }

    [Theory]
    [InlineData(404, typeof(SourceNotFoundException))]
    [InlineData(410, typeof(SourceNotFoundException))]
    [InlineData(401, typeof(SourceUnavailableException))]
    [InlineData(403, typeof(SourceUnavailableException))]
    [InlineData(500, typeof(SourceUnavailableException))]
    [InlineData(429, typeof(SourceUnavailableException))]
    public async Task What_the_server_says_is_told_apart(int status, Type expected)
    {
        _answer = context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        };
        var e = await Assert.ThrowsAsync(expected, () => FetchAsync(Url, _zip));
        Assert.Contains($"{status}", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", e.Message, StringComparison.Ordinal);
        if (e is SourceUnavailableException unavailable)
            Assert.Equal(status is 401 or 403 ? Reasons.SourceUnauthorized : Reasons.SourceUnavailable, unavailable.Reason);
    }

    [Fact]
    public async Task A_server_that_is_not_there_and_a_name_that_is_not_known_may_come_yet()
    {
        var url = Url;
        await _server.StopAsync(Stop);
        await Assert.ThrowsAsync<SourceUnavailableException>(() => FetchAsync(url, _zip));
        Assert.Contains("not known", (await Assert.ThrowsAsync<SourceUnavailableException>(() => FetchAsync("https://no-such-host.invalid/x.zip", _zip))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_download_over_the_limit_is_ended_whether_or_not_the_server_says_its_length(bool says)
    {
        _answer = async context =>
        {
            if (says)
                context.Response.ContentLength = 3 * Limits.ArchiveBytes;
            var block = new byte[1024 * 1024];
            for (var i = 0; i < 3 * Limits.ArchiveBytes / block.Length && !context.RequestAborted.IsCancellationRequested; i++)
                await context.Response.Body.WriteAsync(block, context.RequestAborted);
        };
        var refused = await Assert.ThrowsAsync<SourceRefusedException>(() => FetchAsync(Url, _zip));
        Assert.Contains($"larger than {Limits.ArchiveBytes / 1024 / 1024} MiB", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_sends_nothing_or_a_byte_now_and_then_is_given_up(bool trickles)
    {
        _answer = async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
            {
                if (trickles)
                    await context.Response.Body.WriteAsync(new byte[1], context.RequestAborted);
                await Task.Delay(50, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        };
        using var remote = new RemoteFixture(options: new FetchOptions { CaFile = "/nonexistent", IdleTimeout = TimeSpan.FromSeconds(0.5) });
        var watch = Stopwatch.StartNew();
        var idle = await Assert.ThrowsAsync<SourceUnavailableException>(() => remote.Archives.BundleAsync(new() { Url = Url, Sha256 = Hex(_zip) }, Stop));
        Assert.Contains("Fetch__IdleTimeout", idle.Message, StringComparison.Ordinal);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"took {watch.Elapsed}");
    }

    [Fact]
    public async Task A_slow_server_that_goes_on_sending_is_waited_for()
    {
        var noise = new byte[20_000];
        new Random(1).NextBytes(noise);
        var zip = Zips.Of([("index.js", "x"u8.ToArray(), 0), ("noise", noise, 0)]);
        _answer = async context =>
        {
            for (var sent = 0; sent < zip.Length; sent += 1000)
            {
                await context.Response.Body.WriteAsync(zip.AsMemory(sent, Math.Min(1000, zip.Length - sent)));
                await Task.Delay(200);
            }
        };
        // A stretch has to bring 2500 bytes.
        using var remote = new RemoteFixture(options: new FetchOptions { CaFile = "/nonexistent", IdleTimeout = TimeSpan.FromSeconds(2.5) });
        (await remote.Archives.BundleAsync(new() { Url = Url, Sha256 = Hex(zip) }, Stop)).Dispose();
    }

    [Fact]
    public async Task What_is_no_archive_is_refused()
    {
        var page = "<html>not found</html>"u8.ToArray();
        _answer = context => context.Response.Body.WriteAsync(page).AsTask();
        Assert.Contains("no readable zip", (await Assert.ThrowsAsync<SourceRefusedException>(() => FetchAsync(Url, page))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fifty_megabytes_go_through_a_file_and_not_through_memory()
    {
        var noise = new byte[50_000_000];
        new Random(1).NextBytes(noise);
        var zip = Zips.Of([("index.js", "x"u8.ToArray(), 0), ("noise", noise, 0)]);
        _answer = context => context.Response.Body.WriteAsync(zip).AsTask();
        var watch = Stopwatch.StartNew();
        using var bundle = await FetchAsync(Url, zip);
        Assert.True(bundle.Length > 49_000_000);
        TestContext.Current.TestOutputHelper?.WriteLine($"{zip.Length} bytes in {watch.Elapsed}");
    }

    private Task<Bundle> FetchAsync(string url, byte[] expected) => _remote.Archives.BundleAsync(new ArchiveSource { Url = url, Sha256 = Hex(expected) }, Stop);

    private static string Hex(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
