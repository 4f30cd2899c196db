using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Kublambda.Builder.Appending;
using Kublambda.Builder.Fetching;
using Kublambda.Registry;
using Kublambda.Registry.Tests;

namespace Kublambda.Builder.Tests;

/// <summary>The last step of build pods whose tool makes layers only.</summary>
public sealed class AppendCommandTests
{
    private const string BaseConfig = """{"architecture":"amd64","os":"linux","config":{"User":"65532:65532","Labels":{"of":"base"}},"rootfs":{"type":"layers","diff_ids":["sha256:1111111111111111111111111111111111111111111111111111111111111111"]},"history":[{"created_by":"base"}]}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_image_is_base_dependencies_and_the_layers_of_a_layout_and_says_its_digest()
    {
        await using var registry = await LocalRegistry.StartAsync();
        var client = registry.Client();
        var below = await PushBaseAsync(client);
        using var files = new TemporaryDirectory();
        Directory.CreateDirectory(Path.Combine(files.Path, "installed"));
        await File.WriteAllTextAsync(Path.Combine(files.Path, "installed", "a.js"), "a", Stop);
        await using var error = new StringWriter();
        await using var output = new StringWriter();
        Assert.Equal(0, await StoreCommand.RunAsync(ImageReference.Parse($"{registry.Host}/shop/x/cache:dependencies-0a"), Path.Combine(files.Path, "installed"), client, DateTimeOffset.UnixEpoch, error, Stop));
        await WriteLayoutAsync(Path.Combine(files.Path, "layers"), "exports.handler = 1");
        string[] arguments =
        [
            "--tls-verify=false", $"--base={registry.Host}/runtime@{below.Digest}", $"--dependencies={registry.Host}/shop/x/cache:dependencies-0a", $"--layers={files.Path}/layers",
            $"--digest-file={files.Path}/digest", "--label=dev.kublambda.lambda=shop/x", "--label=with=a=b", $"{registry.Host}/shop/x:1",
        ];
        Assert.True(AppendArguments.TryParse(arguments, out var parsed));
        Assert.Equal((0, ""), (await AppendCommand.RunAsync(parsed, client, new OneRegistry(client), output, error, Stop), error.ToString()));

        var image = (await client.GetManifestAsync("shop/x", "1", Stop))!;
        Assert.Equal(image.Descriptor.Digest, await File.ReadAllTextAsync(Path.Combine(files.Path, "digest"), Stop));
        Assert.Equal($"pushed {registry.Host}/shop/x:1\n", output.ToString());
        Assert.Equal(3, image.Parse().Layers!.Count);
        foreach (var layer in image.Parse().Layers!)
            Assert.True(await client.BlobExistsAsync("shop/x", layer.Digest, Stop));
        await using var stream = await client.OpenBlobAsync("shop/x", image.Parse().Config!.Digest, Stop);
        using var config = await JsonDocument.ParseAsync(stream, cancellationToken: Stop);
        var labels = config.RootElement.GetProperty("config").GetProperty("Labels").EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString());
        Assert.Equal(new Dictionary<string, string?> { ["of"] = "base", ["dev.kublambda.lambda"] = "shop/x", ["with"] = "a=b" }, labels);
        Assert.Equal((3, 3), (config.RootElement.GetProperty("rootfs").GetProperty("diff_ids").GetArrayLength(), config.RootElement.GetProperty("history").GetArrayLength()));
        Assert.Equal((0, image.Descriptor.Digest), (await AppendCommand.RunAsync(parsed, client, new OneRegistry(client), output, error, Stop), (await client.GetManifestAsync("shop/x", "1", Stop))!.Descriptor.Digest));
    }

    [Fact]
    public async Task Without_dependencies_and_without_a_layout_it_is_the_base_with_labels()
    {
        await using var registry = await LocalRegistry.StartAsync();
        var client = registry.Client();
        var below = await PushBaseAsync(client);
        Assert.True(AppendArguments.TryParse([$"--base={registry.Host}/runtime@{below.Digest}", $"--dependencies={registry.Host}/shop/x/cache:dependencies-", "--layers=/no/such", $"{registry.Host}/shop/x:1"], out var parsed));
        await using var error = new StringWriter();
        await using var output = new StringWriter();
        Assert.Equal((0, ""), (await AppendCommand.RunAsync(parsed, client, new OneRegistry(client), output, error, Stop), error.ToString()));
        Assert.Single((await client.GetManifestAsync("shop/x", "1", Stop))!.Parse().Layers!);
    }

    [Theory]
    [InlineData("""{"manifests":[]}""", "holds 0 images")]
    [InlineData("""{"manifests":[{"digest":"sha256:../../etc/passwd"}]}""", "is no digest")]
    [InlineData("""{"manifests":{}}""", "no OCI image layout")]
    [InlineData("{", "no OCI image layout")]
    public async Task A_layout_that_is_none_is_refused_with_the_cause(string index, string cause)
    {
        await using var registry = await LocalRegistry.StartAsync();
        var client = registry.Client();
        using var files = new TemporaryDirectory();
        await File.WriteAllTextAsync(Path.Combine(files.Path, "index.json"), index, Stop);
        Assert.True(AppendArguments.TryParse([$"--base={registry.Host}/runtime@{Digest.Of([])}", $"--layers={files.Path}", $"{registry.Host}/shop/x:1"], out var parsed));
        await using var error = new StringWriter();
        await using var output = new StringWriter();
        Assert.Equal(1, await AppendCommand.RunAsync(parsed, client, new OneRegistry(client), output, error, Stop));
        Assert.Contains(cause, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--base=r/x:1", "r/y:1")]
    [InlineData("r/y:1")]
    [InlineData("--base=r/x@sha256:4444444444444444444444444444444444444444444444444444444444444444", "r/y")]
    [InlineData("--base=r/x@sha256:4444444444444444444444444444444444444444444444444444444444444444", "--unknown=1", "r/y:1")]
    [InlineData("--base=r/x@sha256:4444444444444444444444444444444444444444444444444444444444444444", "--label=a", "r/y:1")]
    [InlineData("--base=r/x@sha256:4444444444444444444444444444444444444444444444444444444444444444", "--dependencies=other.example/y/cache:dependencies-1", "r.example/y:1")]
    public void Arguments_that_leave_something_open_are_refused(params string[] arguments) => Assert.False(AppendArguments.TryParse(arguments, out _));

    // As buildah commit writes one.
    private static async Task WriteLayoutAsync(string directory, string code)
    {
        using var tar = new MemoryStream();
        await using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "function/index.js") { DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(code)) }, Stop);
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            await gzip.WriteAsync(tar.ToArray(), Stop);
        var config = JsonSerializer.SerializeToUtf8Bytes(new { rootfs = new { type = "layers", diff_ids = new[] { Digest.Of(tar.ToArray()) } } });
        var manifest = new OciManifest
        {
            Config = new Descriptor(MediaTypes.OciConfig, Digest.Of(config), config.Length),
            Layers = [new Descriptor(MediaTypes.OciLayerGzip, Digest.Of(packed.ToArray()), packed.Length)],
        };
        foreach (var blob in new[] { packed.ToArray(), config, manifest.ToBytes() })
            await File.WriteAllBytesAsync(Path.Combine(Directory.CreateDirectory(Path.Combine(directory, "blobs", "sha256")).FullName, Digest.Of(blob)[7..]), blob, Stop);
        await File.WriteAllTextAsync(Path.Combine(directory, "index.json"), $$"""{"schemaVersion":2,"manifests":[{"digest":"{{Digest.Of(manifest.ToBytes())}}"}]}""", Stop);
    }

    private static async Task<Descriptor> PushBaseAsync(IRegistryClient client)
    {
        var manifest = new OciManifest
        {
            MediaType = MediaTypes.OciManifest,
            Config = await Artifacts.PushBlobAsync(client, "runtime", BaseConfig, MediaTypes.OciConfig),
            Layers = [await Artifacts.PushBlobAsync(client, "runtime", new string('x', 1000), MediaTypes.OciLayerGzip)],
        };
        return await client.PutManifestAsync("runtime", "dev", MediaTypes.OciManifest, manifest.ToBytes(), Stop);
    }

    private sealed class OneRegistry(IRegistryClient client) : IRegistryClients
    {
        public IRegistryClient For(string host) => client;

        public Task<Descriptor?> HeadForeignAsync(
            ImageReference image, IReadOnlyList<string> dockerConfigs, Action<SocketsHttpHandler> network, CancellationToken cancellationToken) =>
            throw new NotSupportedException("Nothing here uses a ready image.");
    }
}
