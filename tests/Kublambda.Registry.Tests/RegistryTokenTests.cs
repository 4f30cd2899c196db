using static Kublambda.Registry.Tests.Artifacts;

namespace Kublambda.Registry.Tests;

public sealed class RegistryTokenTests
{
    private const string Repository = "shop/x";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_tokens_everything_works_and_each_scope_is_asked_for_once()
    {
        await using var tokens = await TokenServer.StartAsync("pull", "push", "delete", "*");
        await using var registry = await LocalRegistry.StartAsync(settings: tokens.Settings, files: ("root.pem", tokens.Certificate));
        using var file = AuthFile.For(registry.Host, TokenServer.User, TokenServer.Password);
        var client = registry.Client(("Registry:AuthFile", file.Path));

        var image = await PushImageAsync(client, Repository, "v1", "a");
        Assert.NotNull(await client.HeadManifestAsync(Repository, "v1", Cancel));
        Assert.Equal([Repository], await ListAsync(client.ListRepositoriesAsync(Cancel)));
        Assert.True(await client.MountBlobAsync("shop/y", Digest.Of("layer a"u8), Repository, Cancel));
        Assert.True(await client.DeleteManifestAsync(Repository, image.Digest, Cancel));

        Assert.Single(tokens.Asked, scope => scope == $"repository:{Repository}:pull,delete");
        // Once for pushing, once more beside the other repository that the mount is into.
        Assert.InRange(tokens.Asked.Count(scope => scope == $"repository:{Repository}:pull,push"), 1, 2);
        Assert.Contains("registry:catalog:*", tokens.Asked);
    }

    [Fact]
    public async Task With_a_wrong_password_no_token_is_given_and_the_message_does_not_tell_it()
    {
        await using var tokens = await TokenServer.StartAsync("pull");
        await using var registry = await LocalRegistry.StartAsync(settings: tokens.Settings, files: ("root.pem", tokens.Certificate));
        using var file = AuthFile.For(registry.Host, TokenServer.User, "guess");

        var e = await Assert.ThrowsAsync<RegistryException>(() =>
            registry.Client(("Registry:AuthFile", file.Path)).HeadManifestAsync(Repository, "v1", Cancel));

        Assert.Equal(RegistryErrorKind.Unauthorized, e.Kind);
        Assert.DoesNotContain("guess", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_who_may_not_delete_is_told_so()
    {
        await using var tokens = await TokenServer.StartAsync("pull", "push");
        await using var registry = await LocalRegistry.StartAsync(settings: tokens.Settings, files: ("root.pem", tokens.Certificate));
        using var file = AuthFile.For(registry.Host, TokenServer.User, TokenServer.Password);
        var client = registry.Client(("Registry:AuthFile", file.Path));
        var image = await PushImageAsync(client, Repository, "v1", "a");

        var e = await Assert.ThrowsAsync<RegistryException>(() => client.DeleteManifestAsync(Repository, image.Digest, Cancel));

        Assert.Contains(e.Kind, new[] { RegistryErrorKind.Unauthorized, RegistryErrorKind.Forbidden });
        Assert.Contains($"delete manifest {Repository}", e.Message, StringComparison.Ordinal);
    }
}
