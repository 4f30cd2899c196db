namespace Kublambda.Registry.Tests;

public sealed class ImageReferenceTests
{
    private const string Sha = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("node", "docker.io", "library/node", null, null)]
    [InlineData("buildah/stable:v1", "docker.io", "buildah/stable", "v1", null)]
    [InlineData("localhost:5000/shop/x-1a2b3c4d:abc", "localhost:5000", "shop/x-1a2b3c4d", "abc", null)]
    [InlineData("localhost/kublambda/gc:dev", "localhost", "kublambda/gc", "dev", null)]
    [InlineData("registry.kublambda-system.svc:5000/a/b", "registry.kublambda-system.svc:5000", "a/b", null, null)]
    [InlineData($"ghcr.io/a/b:1.0@{Sha}", "ghcr.io", "a/b", "1.0", Sha)]
    [InlineData($"[::1]:5000/a@{Sha}", "[::1]:5000", "a", null, Sha)]
    public void Names_are_read_as_everywhere(string text, string host, string repository, string? tag, string? digest)
    {
        var reference = ImageReference.Parse(text);

        Assert.Equal((host, repository, tag, digest), (reference.Host, reference.Repository, reference.Tag, reference.Digest));
        Assert.Equal(reference, ImageReference.Parse(reference.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Shop/x")]
    [InlineData("host.example/../x")]
    [InlineData("host.example/a b")]
    [InlineData("host.example/a:")]
    [InlineData("host.example/a@sha256:12")]
    [InlineData("host.example/")]
    [InlineData("https://host.example/a")]
    [InlineData("a\n")]
    public void What_is_no_name_is_refused(string text) => Assert.False(ImageReference.TryParse(text, out _));
}
