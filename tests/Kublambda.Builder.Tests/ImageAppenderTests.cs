using Kublambda.Builder.Appending;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Registry;
using Kublambda.Registry.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Tests;

/// <summary>Images by append, in real registries.</summary>
public sealed class ImageAppenderTests
{
    private const string BaseConfig = """{"architecture":"amd64","os":"linux","config":{"User":"65532:65532"},"rootfs":{"type":"layers","diff_ids":["sha256:1111111111111111111111111111111111111111111111111111111111111111"]}}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_layers_of_the_base_come_along_from_the_same_registry_and_from_another_one(bool same)
    {
        await using var registry = await LocalRegistry.StartAsync();
        await using var other = await LocalRegistry.StartAsync();
        var (client, from) = (registry.Client(), same ? registry : other);
        var manifest = await PushBaseAsync(from.Client());
        using var appender = new ImageAppender(client, new Clients(registry.Host, client), Options.Create(new BuildOptions()));
        using var bundle = await CodeAsync("exports.handler = () => 'hi'");
        var job = TestPipelines.Job() with { Base = $"{from.Host}/runtime@{manifest.Digest}" };

        var image = await appender.AppendAsync(job, bundle, Stop);
        Assert.Equal(image.Digest, (await appender.AppendAsync(job, bundle, Stop)).Digest);
        var layers = (await client.GetManifestAsync(Names.Repository(job.Lambda), job.Revision, Stop))!.Parse().Layers!;
        Assert.Equal(2, layers.Count);
        foreach (var layer in layers)
            Assert.True(await client.BlobExistsAsync(Names.Repository(job.Lambda), layer.Digest, Stop));

        using var changed = await CodeAsync("exports.handler = () => 'ho'");
        Assert.NotEqual(image.Digest, (await appender.AppendAsync(job, changed, Stop)).Digest);
    }

    private static async Task<Descriptor> PushBaseAsync(IRegistryClient client)
    {
        var manifest = new OciManifest
        {
            MediaType = MediaTypes.OciManifest,
            Config = await Artifacts.PushBlobAsync(client, "runtime", BaseConfig, MediaTypes.OciConfig),
            Layers = [await Artifacts.PushBlobAsync(client, "runtime", new string('x', 100_000), MediaTypes.OciLayerGzip)],
        };
        return await client.PutManifestAsync("runtime", "dev", MediaTypes.OciManifest, manifest.ToBytes(), Stop);
    }

    private static Task<Bundle> CodeAsync(string code)
    {
        var tree = new SourceTree();
        tree.Add(new SourceEntry("index.js", Executable: false, code.Length, () => new MemoryStream(System.Text.Encoding.UTF8.GetBytes(code))));
        return Bundle.Create(tree, packedBytes: null, Stop);
    }

    /// <summary>As the service has it, but that the other registry speaks plain http too.</summary>
    private sealed class Clients(string own, IRegistryClient client) : IRegistryClients
    {
        public IRegistryClient For(string host) => host == own ? client : LocalRegistry.ClientFor(host);

        public Task<Descriptor?> HeadForeignAsync(
            ImageReference image, IReadOnlyList<string> dockerConfigs, Func<System.Net.DnsEndPoint, CancellationToken, ValueTask<Stream>> connect, CancellationToken cancellationToken) =>
            throw new NotSupportedException("Nothing here uses a ready image.");
    }
}
