using System.Formats.Tar;
using System.IO.Compression;
using Kublambda.Builder.Appending;
using Kublambda.Builder.Fetching;
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

        var image = await appender.AppendAsync(job, bundle, null, Stop);
        Assert.Equal(image.Digest, (await appender.AppendAsync(job, bundle, null, Stop)).Digest);
        var layers = (await client.GetManifestAsync(Names.Repository(job.Lambda), job.Revision, Stop))!.Parse().Layers!;
        Assert.Equal(2, layers.Count);
        foreach (var layer in layers)
            Assert.True(await client.BlobExistsAsync(Names.Repository(job.Lambda), layer.Digest, Stop));

        using var changed = await CodeAsync("exports.handler = () => 'ho'");
        Assert.NotEqual(image.Digest, (await appender.AppendAsync(job, changed, null, Stop)).Digest);
    }

    [Fact]
    public async Task What_was_stored_comes_between_the_runtime_and_the_source()
    {
        await using var registry = await LocalRegistry.StartAsync();
        var client = registry.Client();
        var manifest = await PushBaseAsync(client);
        using var installed = new TemporaryDirectory();
        Directory.CreateDirectory(Path.Combine(installed.Path, "node_modules", "a"));
        Directory.CreateDirectory(Path.Combine(installed.Path, "node_modules", ".bin"));
        await File.WriteAllTextAsync(Path.Combine(installed.Path, "node_modules", "a", "index.js"), "a", Stop);
        File.CreateSymbolicLink(Path.Combine(installed.Path, "node_modules", ".bin", "a"), "../a/index.js");
        var job = TestPipelines.Job() with { Base = $"{registry.Host}/runtime@{manifest.Digest}", Runtime = "nodejs", Dependencies = "fedcba9876543210" };
        var target = new ImageReference { Host = registry.Host, Repository = Names.CacheRepository(job.Lambda), Tag = DependencyCache.Tag(job.Dependencies) };

        Assert.Null(await DependencyCache.FindAsync(client, job, Stop));
        await using var error = new StringWriter();
        Assert.Equal((0, ""), (await StoreCommand.RunAsync(target, installed.Path, client, DateTimeOffset.UnixEpoch, error, Stop), error.ToString()));
        var layer = await DependencyCache.FindAsync(client, job, Stop);
        Assert.NotNull(layer);
        Assert.Null(await DependencyCache.FindAsync(client, job with { Dependencies = "0000000000000000" }, Stop));

        using var appender = new ImageAppender(client, new Clients(registry.Host, client), Options.Create(new BuildOptions()));
        using var bundle = await CodeAsync("exports.handler = () => require('a')");
        await appender.AppendAsync(job, bundle, layer, Stop);
        var layers = (await client.GetManifestAsync(Names.Repository(job.Lambda), job.Revision, Stop))!.Parse().Layers!;
        Assert.Equal(3, layers.Count);
        Assert.Equal(layer.Digest, layers[1].Digest);
        await using var blob = await client.OpenBlobAsync(Names.Repository(job.Lambda), layer.Digest, Stop);
        await using var unpacked = new GZipStream(blob, CompressionMode.Decompress);
        await using var tar = new TarReader(unpacked);
        var entries = new List<(string, TarEntryType, string)>();
        while (await tar.GetNextEntryAsync(cancellationToken: Stop) is { } entry)
            entries.Add((entry.Name, entry.EntryType, entry.LinkName));
        Assert.Equal(
            [("function/", TarEntryType.Directory, ""), ("function/node_modules/", TarEntryType.Directory, ""), ("function/node_modules/.bin/", TarEntryType.Directory, ""), ("function/node_modules/.bin/a", TarEntryType.SymbolicLink, "../a/index.js"), ("function/node_modules/a/", TarEntryType.Directory, ""), ("function/node_modules/a/index.js", TarEntryType.RegularFile, "")],
            entries);
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
            ImageReference image, IReadOnlyList<string> dockerConfigs, Action<SocketsHttpHandler> network, CancellationToken cancellationToken) =>
            throw new NotSupportedException("Nothing here uses a ready image.");
    }
}
