using static Kublambda.Registry.Tests.Artifacts;

namespace Kublambda.Registry.Tests;

public sealed class RegistryErrorTests
{
    private const string Repository = "shop/x";
    private const string User = "kublambda";
    private const string Password = "correct-horse";

    /// <summary>bcrypt of <see cref="Password"/>: the only kind of hash that the registry takes.</summary>
    private const string PasswordFile = $"{User}:$2b$04$eUCoIb5sdFaH.jPbdaGsnuI9dpUK0u5NrV.BDmqSuKNHNolSJGUMS\n";
    private const string BasicAuth = "auth: {htpasswd: {realm: test, path: {dir}/htpasswd}}";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_registry_that_does_not_listen_is_unavailable_and_the_message_says_which_and_what_to_do()
    {
        var host = $"127.0.0.1:{LocalRegistry.FreePort()}";

        var e = await Assert.ThrowsAsync<RegistryException>(() => LocalRegistry.ClientFor(host).HeadManifestAsync(Repository, "v1", Cancel));

        Assert.Equal(RegistryErrorKind.Unavailable, e.Kind);
        Assert.Contains(host, e.Message, StringComparison.Ordinal);
        Assert.Contains("look for manifest shop/x:v1", e.Message, StringComparison.Ordinal);
        Assert.Contains("Registry__PushHost", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_that_comes_back_is_found_by_the_retries()
    {
        await using var registry = await LocalRegistry.StartAsync();
        await registry.KillAsync();

        var look = registry.Client().HeadManifestAsync(Repository, "v1", Cancel);
        await registry.StartProcessAsync();

        Assert.Null(await look);
    }

    [Fact]
    public async Task A_registry_without_deletion_says_so()
    {
        await using var registry = await LocalRegistry.StartAsync(delete: false);
        var client = registry.Client();
        var image = await PushImageAsync(client, Repository, "v1", "a");

        var e = await Assert.ThrowsAsync<RegistryException>(() => client.DeleteManifestAsync(Repository, image.Digest, Cancel));

        Assert.Equal(RegistryErrorKind.DeletionDisabled, e.Kind);
        Assert.Contains("REGISTRY_STORAGE_DELETE_ENABLED", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_credentials_a_registry_that_wants_them_is_unauthorized()
    {
        await using var registry = await LocalRegistry.StartAsync(settings: BasicAuth, files: ("htpasswd", PasswordFile));

        var e = await Assert.ThrowsAsync<RegistryException>(() => registry.Client().PingAsync(Cancel));

        Assert.Equal(RegistryErrorKind.Unauthorized, e.Kind);
        Assert.Contains("kublambda-registry", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_user_and_password_everything_works_and_with_a_wrong_one_nothing()
    {
        await using var registry = await LocalRegistry.StartAsync(settings: BasicAuth, files: ("htpasswd", PasswordFile));
        using var right = AuthFile.For(registry.Host, User, Password);
        using var wrong = AuthFile.For(registry.Host, User, "guess");

        var client = registry.Client(("Registry:AuthFile", right.Path));
        var image = await PushImageAsync(client, Repository, "v1", "a");
        Assert.True(await client.DeleteManifestAsync(Repository, image.Digest, Cancel));

        var e = await Assert.ThrowsAsync<RegistryException>(() => registry.Client(("Registry:AuthFile", wrong.Path)).PingAsync(Cancel));
        Assert.Equal(RegistryErrorKind.Unauthorized, e.Kind);
        Assert.DoesNotContain("guess", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_credentials_file_that_was_renewed_is_read_again()
    {
        await using var registry = await LocalRegistry.StartAsync(settings: BasicAuth, files: ("htpasswd", PasswordFile));
        using var file = AuthFile.For(registry.Host, User, "old");
        var client = registry.Client(("Registry:AuthFile", file.Path));
        await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(Cancel));

        file.Write(registry.Host, User, Password);

        await client.PingAsync(Cancel);
    }
}
