using System.Text;
using Microsoft.AspNetCore.Http;
using static Kublambda.Registry.Tests.Artifacts;

namespace Kublambda.Registry.Tests;

public sealed class RegistryFaultTests
{
    private const string Repository = "shop/x";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Where_a_blob_lies_elsewhere_the_password_does_not_go_along()
    {
        var content = "blob"u8.ToArray();
        await using var storage = await OddRegistry.StartAsync(context => context.Response.Body.WriteAsync(content).AsTask());
        await using var registry = await OddRegistry.StartAsync(context =>
        {
            if (!Authorized(context))
                return Challenge(context, "Basic realm=\"test\"");
            context.Response.Redirect($"http://{storage.Host}/signed?for=me");
            return Task.CompletedTask;
        });
        using var file = AuthFile.For(registry.Host, "user", "secret");
        var client = LocalRegistry.ClientFor(registry.Host, ("Registry:AuthFile", file.Path));

        await using var stream = await client.OpenBlobAsync(Repository, Digest.Of(content), Cancel);
        using var reader = new StreamReader(stream);

        Assert.Equal("blob", await reader.ReadToEndAsync(Cancel));
        Assert.NotNull(registry.Requests[^1].Authorization);
        Assert.Equal(("GET", "/signed?for=me", null), Assert.Single(storage.Requests));
    }

    [Fact]
    public async Task A_realm_of_another_host_named_over_plain_http_never_gets_the_password()
    {
        await using var registry = await OddRegistry.StartAsync(context => Challenge(context, "Bearer realm=\"https://attacker.example.com/token\",service=\"x\""));
        using var file = AuthFile.For(registry.Host, "user", "secret");

        var e = await Assert.ThrowsAsync<RegistryException>(() =>
            LocalRegistry.ClientFor(registry.Host, ("Registry:AuthFile", file.Path)).HeadManifestAsync(Repository, "v1", Cancel));

        Assert.Equal(RegistryErrorKind.Unauthorized, e.Kind);
        Assert.Contains("attacker.example.com", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upload_that_is_sent_to_another_host_takes_the_whole_body_and_no_password()
    {
        var received = new MemoryStream();
        await using var storage = await OddRegistry.StartAsync(async context =>
        {
            await context.Request.Body.CopyToAsync(received);
            context.Response.StatusCode = 201;
        });
        await using var registry = await OddRegistry.StartAsync(context =>
        {
            if (!Authorized(context))
                return Challenge(context, "Basic realm=\"test\"");
            context.Response.StatusCode = context.Request.Method == "POST" ? 202 : 404;
            context.Response.Headers.Location = $"http://{storage.Host}/upload?state=1";
            return Task.CompletedTask;
        });
        using var file = AuthFile.For(registry.Host, "user", "secret");

        await PushBlobAsync(LocalRegistry.ClientFor(registry.Host, ("Registry:AuthFile", file.Path)), Repository, "the whole body");

        Assert.Equal("the whole body", Encoding.UTF8.GetString(received.ToArray()));
        Assert.Equal(("PUT", $"/upload?state=1&digest={Uri.EscapeDataString(Digest.Of("the whole body"u8))}", null), Assert.Single(storage.Requests));
    }

    [Fact]
    public async Task A_limit_that_passes_soon_is_waited_for_as_long_as_the_registry_says()
    {
        var calls = 0;
        await using var registry = await OddRegistry.StartAsync(context =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref calls) == 1 ? 429 : 404;
            context.Response.Headers.RetryAfter = "1";
            return Task.CompletedTask;
        });
        var started = TimeProvider.System.GetTimestamp();

        Assert.Null(await LocalRegistry.ClientFor(registry.Host).HeadManifestAsync(Repository, "v1", Cancel));

        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.FromSeconds(0.95), TimeSpan.FromSeconds(5));
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task A_limit_that_lasts_is_told_at_once_with_the_time_to_wait()
    {
        await using var registry = await OddRegistry.StartAsync(context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "3600";
            return Task.CompletedTask;
        });

        var e = await Assert.ThrowsAsync<RegistryException>(() => LocalRegistry.ClientFor(registry.Host).HeadManifestAsync(Repository, "v1", Cancel));

        Assert.Equal((RegistryErrorKind.TooManyRequests, TimeSpan.FromHours(1)), (e.Kind, e.RetryAfter));
        Assert.Single(registry.Requests);
    }

    [Fact]
    public async Task A_push_that_breaks_off_is_repeated_with_the_whole_body()
    {
        var bodies = new List<long>();
        await using var registry = await OddRegistry.StartAsync(async context =>
        {
            context.Response.Headers.Location = "/v2/shop/x/blobs/uploads/1";
            if (context.Request.Method == "PUT")
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                bodies.Add(body.Length);
                context.Response.StatusCode = bodies.Count == 1 ? 503 : 201;
                return;
            }
            context.Response.StatusCode = context.Request.Method == "POST" ? 202 : 404;
        });

        await PushBlobAsync(LocalRegistry.ClientFor(registry.Host), Repository, "the whole body");

        Assert.Equal([14, 14], bodies);
    }

    [Fact]
    public async Task A_manifest_whose_bytes_were_changed_is_refused()
    {
        await using var registry = await OddRegistry.StartAsync(context => context.Response.WriteAsync("{}"));

        var e = await Assert.ThrowsAsync<RegistryException>(() => LocalRegistry.ClientFor(registry.Host).GetManifestAsync(Repository, Digest.Of("other"u8), Cancel));

        Assert.Equal(RegistryErrorKind.Invalid, e.Kind);
    }

    [Fact]
    public async Task A_blob_whose_bytes_were_changed_is_refused_at_its_end()
    {
        await using var registry = await OddRegistry.StartAsync(context => context.Response.WriteAsync("changed"));
        await using var stream = await LocalRegistry.ClientFor(registry.Host).OpenBlobAsync(Repository, Digest.Of("original"u8), Cancel);

        var e = await Assert.ThrowsAsync<RegistryException>(() => stream.CopyToAsync(Stream.Null, Cancel));

        Assert.Equal(RegistryErrorKind.Invalid, e.Kind);
    }

    [Fact]
    public async Task A_blob_whose_answer_breaks_off_is_told_as_a_fault_of_the_registry()
    {
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registry = await OddRegistry.StartAsync(async context =>
        {
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("some");
            await context.Response.Body.FlushAsync();
            await opened.Task;
            context.Abort();
        });
        await using var stream = await LocalRegistry.ClientFor(registry.Host).OpenBlobAsync(Repository, Digest.Of("original"u8), Cancel);
        opened.SetResult();

        var e = await Assert.ThrowsAsync<RegistryException>(() => stream.CopyToAsync(Stream.Null, Cancel));

        Assert.Equal(RegistryErrorKind.Unavailable, e.Kind);
    }

    [Fact]
    public async Task An_answer_without_end_is_cut()
    {
        await using var registry = await OddRegistry.StartAsync(async context =>
        {
            var chunk = new byte[64 * 1024];
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
        });
        var client = LocalRegistry.ClientFor(registry.Host);

        var manifest = await Assert.ThrowsAsync<RegistryException>(() => client.GetManifestAsync(Repository, "v1", Cancel));
        var tags = await Assert.ThrowsAsync<RegistryException>(() => ListAsync(client.ListTagsAsync(Repository, Cancel)));

        Assert.Equal((RegistryErrorKind.Invalid, RegistryErrorKind.Invalid), (manifest.Kind, tags.Kind));
    }

    [Fact]
    public async Task Pages_are_followed_on_the_same_host_whatever_their_link_says()
    {
        await using var registry = await OddRegistry.StartAsync(context =>
        {
            var second = context.Request.Query.ContainsKey("last");
            if (!second)
                context.Response.Headers.Link = "<http://elsewhere.example.com/v2/shop/x/tags/list?n=100&last=a>; rel=\"next\"";
            return context.Response.WriteAsync(second ? """{"name":"shop/x","tags":["b"]}""" : """{"name":"shop/x","tags":["a"]}""");
        });

        Assert.Equal(["a", "b"], await ListAsync(LocalRegistry.ClientFor(registry.Host).ListTagsAsync(Repository, Cancel)));
    }

    [Fact]
    public async Task Pages_without_end_are_given_up()
    {
        await using var registry = await OddRegistry.StartAsync(context =>
        {
            context.Response.Headers.Link = "</v2/_catalog?last=a>; rel=\"next\"";
            return context.Response.WriteAsync("""{"repositories":["a"]}""");
        });

        var e = await Assert.ThrowsAsync<RegistryException>(() => ListAsync(LocalRegistry.ClientFor(registry.Host).ListRepositoriesAsync(Cancel)));

        Assert.Equal(RegistryErrorKind.Invalid, e.Kind);
    }

    [Fact]
    public async Task A_web_server_that_is_no_registry_is_told_apart()
    {
        await using var registry = await OddRegistry.StartAsync(context => context.Response.WriteAsync("<html>welcome</html>"));

        var e = await Assert.ThrowsAsync<RegistryException>(() => ListAsync(LocalRegistry.ClientFor(registry.Host).ListTagsAsync(Repository, Cancel)));

        Assert.Equal(RegistryErrorKind.Invalid, e.Kind);
        Assert.Contains("Registry__PushHost", e.Message, StringComparison.Ordinal);
    }

    private static bool Authorized(HttpContext context) => context.Request.Headers.Authorization == $"Basic {Convert.ToBase64String("user:secret"u8)}";

    private static Task Challenge(HttpContext context, string challenge)
    {
        context.Response.StatusCode = 401;
        context.Response.Headers.WWWAuthenticate = challenge;
        return Task.CompletedTask;
    }
}
