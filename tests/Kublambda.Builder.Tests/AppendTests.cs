using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kublambda.Builder.Appending;
using Kublambda.Builder.Pipelines;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Registry;

namespace Kublambda.Builder.Tests;

/// <summary>The pipeline without a pod: when it is taken, and what image it makes.</summary>
public sealed class AppendTests
{
    private const string Base = """
        {"architecture":"amd64","os":"linux","created":"2024-01-01T00:00:00Z","author":"somebody",
         "config":{"Entrypoint":["node","/opt/invoker.js"],"User":"65532:65532","Env":["PATH=/usr/bin"],"Labels":{"vendor":"x","dev.kublambda.revision":"old"}},
         "rootfs":{"type":"layers","diff_ids":["sha256:1111111111111111111111111111111111111111111111111111111111111111"]},"history":[{"created_by":"base"}]}
        """;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Runtimes.Nodejs, "index.js", "x", null)]
    [InlineData(Runtimes.Nodejs, "package.json", """{"type":"module","devDependencies":{"a":"1"}}""", null)]
    [InlineData(Runtimes.Nodejs, "package.json", """{"dependencies":{}}""", null)]
    [InlineData(Runtimes.Nodejs, "package.json", """{"dependencies":{"left-pad":"1.3.0"}}""", "package.json")]
    [InlineData(Runtimes.Nodejs, "package.json", """{"optionalDependencies":{"left-pad":"1.3.0"}}""", "package.json")]
    [InlineData(Runtimes.Nodejs, "package.json", "{broken", "package.json")]
    [InlineData(Runtimes.Nodejs, "lib/package.json", """{"dependencies":{"left-pad":"1.3.0"}}""", null)]
    [InlineData(Runtimes.Nodejs, "requirements.txt", "flask", null)]
    [InlineData(Runtimes.Python, "requirements.txt", "# none yet\n\n", null)]
    [InlineData(Runtimes.Python, "requirements.txt", "flask==3.0", "requirements.txt")]
    [InlineData(Runtimes.Python, "main.py", "x", null)]
    [InlineData(Runtimes.Dotnet, "Function.cs", "x", "Function.cs")]
    [InlineData(Runtimes.Dotnet, "src/App.csproj", "x", "src/App.csproj")]
    [InlineData(Runtimes.Dotnet, "App.dll", "x", null)]
    public async Task A_manifest_with_something_in_it_asks_for_more_than_copying(string runtime, string path, string text, string? manifest)
    {
        using var bundle = await BundleOf((path, text));
        Assert.Equal(manifest, await DependencyManifests.FindAsync(runtime, bundle, Stop));
    }

    [Fact]
    public async Task Modules_that_came_along_are_not_installed()
    {
        using var bundle = await BundleOf(("package.json", """{"dependencies":{"a":"1"}}"""), ("node_modules/a/index.js", "x"));
        Assert.Null(await DependencyManifests.FindAsync(Runtimes.Nodejs, bundle, Stop));
    }

    [Theory]
    [InlineData(null, false, "append")]
    [InlineData("auto", false, "append")]
    [InlineData("auto", true, "buildah")]
    [InlineData(null, true, "buildah")]
    [InlineData("buildah", false, "buildah")]
    [InlineData("append", false, "append")]
    public async Task Auto_takes_append_where_nothing_has_to_be_installed_and_a_named_pipeline_is_taken(string? asked, bool dependencies, string chosen)
    {
        using var bundle = await Source(dependencies);
        var spec = new LambdaSpec { Runtime = Runtimes.Nodejs, Build = new BuildSpec { Pipeline = asked } };
        Assert.Equal(chosen, (await new PipelineChoice(PipelineCatalog.Load(TestPipelines.Options)).OfAsync(spec, bundle, Stop)).Pipeline.Name);
    }

    [Theory]
    [InlineData("append", Reasons.SourceInvalid, "package.json")]
    [InlineData("nix", Reasons.UnknownPipeline, "append, buildah")]
    public async Task A_pipeline_that_is_not_there_or_would_leave_dependencies_out_is_refused(string asked, string reason, string words)
    {
        using var bundle = await Source(dependencies: true);
        var spec = new LambdaSpec { Runtime = Runtimes.Nodejs, Build = new BuildSpec { Pipeline = asked } };
        var refused = await Assert.ThrowsAsync<PipelineChoiceException>(() => new PipelineChoice(PipelineCatalog.Load(TestPipelines.Options)).OfAsync(spec, bundle, Stop));
        Assert.Equal(reason, refused.Reason);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_layer_holds_the_files_below_function_with_all_directories_and_is_the_same_each_time()
    {
        var deep = string.Join('/', Enumerable.Repeat("directory", 20)) + "/x.js";
        using var bundle = await BundleOf(("index.js", "code"), ("lib/a.js", ""), (deep, "deep"));
        using var layer = await FunctionLayer.PackAsync(bundle, Stop);
        using var again = await FunctionLayer.PackAsync(bundle, Stop);
        Assert.Equal((layer.Digest, layer.TarDigest, layer.Length), (again.Digest, again.TarDigest, again.Length));

        var entries = new Dictionary<string, (TarEntryType, string, string)>();
        using var bytes = new MemoryStream();
        await using (var gzip = new GZipStream(layer.Open(), CompressionMode.Decompress))
            await gzip.CopyToAsync(bytes, Stop);
        Assert.Equal(layer.TarDigest, Digest.Of(bytes.ToArray()));
        bytes.Position = 0;
        await using var tar = new TarReader(bytes);
        while (await tar.GetNextEntryAsync(cancellationToken: Stop) is { } entry)
        {
            Assert.Equal((0, 0, DateTimeOffset.UnixEpoch), (entry.Uid, entry.Gid, entry.ModificationTime));
            using var text = new StreamReader(entry.DataStream ?? Stream.Null);
            entries.Add(entry.Name, (entry.EntryType, Convert.ToString((int)entry.Mode, 8), await text.ReadToEndAsync(Stop)));
        }

        Assert.Equal((TarEntryType.Directory, "755", ""), entries["function/"]);
        Assert.Equal((TarEntryType.Directory, "755", ""), entries["function/lib/"]);
        Assert.Equal((TarEntryType.RegularFile, "644", "code"), entries["function/index.js"]);
        Assert.Equal((TarEntryType.RegularFile, "644", ""), entries["function/lib/a.js"]);
        Assert.Equal((TarEntryType.RegularFile, "644", "deep"), entries["function/" + deep]);
        Assert.Equal(3 + 1 + 1 + 20, entries.Count);
    }

    [Theory]
    [InlineData(MediaTypes.OciManifest, MediaTypes.OciConfig, MediaTypes.OciLayerGzip)]
    [InlineData(MediaTypes.DockerManifest, MediaTypes.DockerConfig, "application/vnd.docker.image.rootfs.diff.tar.gzip")]
    public async Task The_image_is_the_base_with_one_more_layer_and_our_labels(string manifestType, string configType, string layerType)
    {
        using var bundle = await BundleOf(("index.js", "code"));
        using var layer = await FunctionLayer.PackAsync(bundle, Stop);
        var below = new OciManifest { MediaType = manifestType, Config = new(configType, Digest.Of([1]), 1), Layers = [new(layerType, Digest.Of([2]), 2)] };
        var content = new ManifestContent(new(manifestType, Digest.Of(below.ToBytes()), 1), below.ToBytes());
        AppendedImage Make() => AppendedImage.Of(content, System.Text.Encoding.UTF8.GetBytes(Base), [new(layer.TarDigest, layer.Digest, layer.Length)], new Dictionary<string, string> { [OciAnnotations.Revision] = "0123456789ab" });

        var image = Make();
        Assert.Equal(image.Manifest, Make().Manifest);
        var manifest = OciManifest.Parse(image.Manifest);
        Assert.Equal((manifestType, configType, Digest.Of(image.Config)), (manifest.MediaType, manifest.Config!.MediaType, manifest.Config.Digest));
        Assert.Equal([Digest.Of([2]), layer.Digest], manifest.Layers!.Select(l => l.Digest));
        Assert.Equal(layerType, manifest.Layers![1].MediaType);
        var config = JsonNode.Parse(image.Config)!;
        Assert.Equal(layer.TarDigest, config["rootfs"]!["diff_ids"]![1]!.GetValue<string>());
        Assert.Equal("""["node","/opt/invoker.js"]""", config["config"]!["Entrypoint"]!.ToJsonString());
        Assert.Equal("65532:65532", config["config"]!["User"]!.GetValue<string>());
        Assert.Equal("""{"vendor":"x","dev.kublambda.revision":"0123456789ab"}""", config["config"]!["Labels"]!.ToJsonString());
        Assert.Equal(2, config["history"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"rootfs":{"diff_ids":[]}}""")]
    [InlineData("no json")]
    public async Task A_base_that_is_no_image_is_refused(string config)
    {
        using var bundle = await BundleOf(("index.js", "code"));
        using var layer = await FunctionLayer.PackAsync(bundle, Stop);
        var below = new OciManifest { MediaType = MediaTypes.OciManifest, Config = new(MediaTypes.OciConfig, Digest.Of([1]), 1), Layers = [new(MediaTypes.OciLayerGzip, Digest.Of([2]), 2)] };
        var content = new ManifestContent(new(MediaTypes.OciManifest, Digest.Of(below.ToBytes()), 1), below.ToBytes());
        Assert.ThrowsAny<JsonException>(() => AppendedImage.Of(content, System.Text.Encoding.UTF8.GetBytes(config), [new(layer.TarDigest, layer.Digest, layer.Length)], []));
    }

    private static Task<Bundle> Source(bool dependencies) =>
        dependencies ? BundleOf(("index.js", "x"), ("package.json", """{"dependencies":{"left-pad":"1.3.0"}}""")) : BundleOf(("index.js", "x"));

    private static Task<Bundle> BundleOf(params (string Path, string Text)[] files)
    {
        var tree = new SourceTree();
        foreach (var (path, text) in files)
        {
            var content = System.Text.Encoding.UTF8.GetBytes(text);
            tree.Add(new SourceEntry(path, Executable: false, content.Length, () => new MemoryStream(content)));
        }

        return Bundle.Create(tree, packedBytes: null, Stop);
    }
}
