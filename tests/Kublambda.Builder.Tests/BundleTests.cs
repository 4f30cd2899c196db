using System.Formats.Tar;
using System.IO.Compression;
using k8s.Models;
using Kublambda.Builder.Fetching;
using Kublambda.Builder.Sources;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Tests;

public sealed class BundleTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_files_give_the_same_bundle_by_whatever_road_and_in_whatever_order()
    {
        var zip = Zips.Of(("lib/b.js", "b"), ("index.js", "a"));
        using var inline = await Inline(("index.js", "a"), ("lib/b.js", "b"));
        using var data = await Create(new() { Zip = new() { Data = Convert.ToBase64String(zip) } });
        using var binary = await Create(
            new() { Zip = new() { ConfigMap = new() { Name = "c", Key = "k" } } },
            new V1ConfigMap { BinaryData = new Dictionary<string, byte[]> { ["k"] = zip } });
        using var text = await Create(
            new() { Zip = new() { ConfigMap = new() { Name = "c", Key = "k" } } },
            new V1ConfigMap { Data = new Dictionary<string, string> { ["k"] = Convert.ToBase64String(zip) } });
        Assert.All([data, binary, text], b => Assert.Equal((inline.ContentDigest, inline.Digest), (b.ContentDigest, b.Digest)));
    }

    [Fact]
    public async Task The_digest_of_a_source_is_the_same_on_every_machine()
    {
        // Revisions hang on this: a change here builds every Lambda anew.
        using var bundle = await Inline(("index.js", "exports.handler = () => 'hi';\n"), ("lib/é.js", ""));
        Assert.Equal("sha256:13712c559f75b1696bad3129699938c4e1f50293d36449ba1bff21467131f312", bundle.ContentDigest);
    }

    [Fact]
    public async Task A_bundle_holds_sorted_files_without_times_and_owners()
    {
        var long1 = string.Join('/', Enumerable.Repeat("directory", 20)) + "/index.js";
        using var bundle = await Create(new()
        {
            Zip = new() { Data = Convert.ToBase64String(Zips.Of([("z.sh", "#!"u8.ToArray(), 0x81ED), (long1, "l"u8.ToArray(), 0x8180), ("index.js", "x"u8.ToArray(), 0), ("dir/", [], 0x41ED)])) },
        });
        await using var gzip = new GZipStream(bundle.Open(), CompressionMode.Decompress);
        await using var tar = new TarReader(gzip);
        var entries = new List<(string, string, DateTimeOffset, int, int)>();
        while (await tar.GetNextEntryAsync(cancellationToken: Stop) is { } entry)
            entries.Add((entry.Name, Convert.ToString((int)entry.Mode, 8), entry.ModificationTime, entry.Uid, entry.Gid));
        Assert.Equal(
            [(long1, "644", DateTimeOffset.UnixEpoch, 0, 0), ("index.js", "644", DateTimeOffset.UnixEpoch, 0, 0), ("z.sh", "755", DateTimeOffset.UnixEpoch, 0, 0)],
            entries);
    }

    [Fact]
    public async Task What_was_bundled_is_what_is_unpacked()
    {
        var big = new string('é', 200_000);
        using var bundle = await Inline(("index.js", "code"), ("a/b/c.txt", big), ("empty", ""));
        using var directory = new TemporaryDirectory();
        await using var content = bundle.Open();
        await BundleUnpacker.UnpackAsync(content, directory.Path, Stop);
        Assert.Equal("code", await File.ReadAllTextAsync(Path.Combine(directory.Path, "index.js"), Stop));
        Assert.Equal(big, await File.ReadAllTextAsync(Path.Combine(directory.Path, "a/b/c.txt"), Stop));
        Assert.Equal("", await File.ReadAllTextAsync(Path.Combine(directory.Path, "empty"), Stop));
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    [InlineData(TarEntryType.Fifo)]
    [InlineData(TarEntryType.CharacterDevice)]
    public async Task A_bundle_with_anything_but_files_is_not_unpacked(TarEntryType type)
    {
        var entry = new PaxTarEntry(type, "odd");
        if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
            entry.LinkName = "/etc/passwd";
        await NotUnpacked<InvalidDataException>(entry);
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/tmp/evil")]
    [InlineData("a/../../evil")]
    public async Task A_bundle_with_a_path_that_leads_out_is_not_unpacked(string name) =>
        await NotUnpacked<SourceRefusedException>(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream("x"u8.ToArray()) });

    [Fact]
    public async Task A_bundle_goes_into_an_empty_directory_only()
    {
        using var bundle = await Inline(("index.js", "x"));
        using var directory = new TemporaryDirectory();
        File.CreateSymbolicLink(Path.Combine(directory.Path, "index.js"), "/tmp/evil");
        await using var content = bundle.Open();
        await Assert.ThrowsAsync<InvalidDataException>(() => BundleUnpacker.UnpackAsync(content, directory.Path, Stop));
    }

    [Fact]
    public async Task A_missing_ConfigMap_or_key_is_waited_for()
    {
        var source = new SourceSpec { Zip = new() { ConfigMap = new() { Name = "code", Key = "code.zip" } } };
        var none = await Assert.ThrowsAsync<SourceNotFoundException>(() => Create(source));
        Assert.Contains("\"code\"", none.Message, StringComparison.Ordinal);
        var other = await Assert.ThrowsAsync<SourceNotFoundException>(() => Create(source, new V1ConfigMap { Data = new Dictionary<string, string> { ["other.zip"] = "" } }));
        Assert.Contains("\"code.zip\"; it has other.zip", other.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("index.handler", "index.js")]
    [InlineData("index.handler", "index.mjs")]
    [InlineData("index.handler", "index.cjs")]
    [InlineData("src/main.run", "src/main.js")]
    [InlineData("app.run", "app/index.js")]
    [InlineData("a.b.run", "a.b.js")]
    public void The_handlers_file_is_found_where_the_runtime_finds_it(string handler, string file) =>
        HandlerFile.Check(new LambdaSpec { Runtime = Runtimes.Nodejs, Handler = handler }, [file]);

    [Theory]
    [InlineData(null, "main.py")]
    [InlineData("main.handler", "main.py")]
    [InlineData("app.run", "app/__init__.py")]
    [InlineData("lib/orders.create", "lib/orders.py")]
    [InlineData("lib.orders.create", "lib/orders.py")]
    public void A_python_handlers_file_is_found_where_the_runtime_finds_it(string? handler, string file) =>
        HandlerFile.Check(new LambdaSpec { Runtime = Runtimes.Python, Handler = handler }, [file]);

    [Fact]
    public void A_missing_python_file_is_named_with_what_is_there()
    {
        var refused = Assert.Throws<SourceRefusedException>(() => HandlerFile.Check(new LambdaSpec { Runtime = Runtimes.Python }, ["app.py"]));
        Assert.Equal(
            "The handler \"main.handler\" needs main.py, and the source does not have it. It holds: app.py. Add main.py, or let spec.handler name a file that is there.",
            refused.Message);
    }

    [Theory]
    [InlineData("index.handler", "main.js", "index.js, index.mjs, index.cjs", "It holds: main.js")]
    [InlineData("index.handler", "app/index.js", "app/index.js: pack the archive from inside", "app/index.handler")]
    [InlineData("index.handler", "index.ts", "index.js", "index.ts")]
    [InlineData("handler", "index.js", "module.function", "index.handler")]
    [InlineData("index.", "index.js", "module.function", "index.handler")]
    public void A_missing_handler_file_is_named_with_what_is_there(string handler, string file, params string[] words)
    {
        var refused = Assert.Throws<SourceRefusedException>(() => HandlerFile.Check(new LambdaSpec { Runtime = Runtimes.Nodejs, Handler = handler }, [file]));
        Assert.All(words, w => Assert.Contains(w, refused.Message, StringComparison.Ordinal));
    }

    private static async Task NotUnpacked<T>(TarEntry entry)
        where T : Exception
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        await using (var tar = new TarWriter(gzip))
            await tar.WriteEntryAsync(entry, Stop);
        packed.Position = 0;
        using var directory = new TemporaryDirectory();
        await Assert.ThrowsAsync<T>(() => BundleUnpacker.UnpackAsync(packed, directory.Path, Stop));
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory.Path));
    }

    private static Task<Bundle> Inline(params (string Name, string Content)[] files) =>
        Create(new() { Inline = new() { Files = files.ToDictionary(f => f.Name, f => f.Content) } });

    private static Task<Bundle> Create(SourceSpec source, V1ConfigMap? configMap = null) =>
        SourceBundler.Create(new LambdaSpec { Runtime = Runtimes.Buildpack, Source = source }, configMap, Stop);
}
