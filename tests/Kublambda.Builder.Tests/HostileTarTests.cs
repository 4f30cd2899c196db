using System.Buffers.Binary;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Tests;

/// <summary>tar.gz archives, sound and hostile ones. Each hostile kind is refused as a whole, with its own words.</summary>
[Collection(HostileArchiveTests.Alone)]
public sealed class HostileTarTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("../evil.js", "leads upwards")]
    [InlineData("a/../../evil.js", "leads upwards")]
    [InlineData("/etc/evil", "absolute")]
    [InlineData("a\\b.js", "backslash")]
    [InlineData("C:/evil.js", "drive letter")]
    [InlineData("a\nb.js", "control character")]
    [InlineData("a//b.js", "empty or \".\" segment")]
    public async Task A_path_that_leads_elsewhere_refuses_the_whole_archive(string name, string because)
    {
        await RefusedAsync(because, Of(File("index.js"), File(name)));
        await RefusedAsync(because, Of(File("index.js"), new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = "index.js" }));
    }

    [Theory]
    [InlineData("../evil/", "leads upwards")]
    [InlineData("/evil/", "absolute")]
    public async Task A_directory_that_leads_elsewhere_refuses_the_whole_archive(string name, string because) =>
        await RefusedAsync(because, Of(File("index.js"), new PaxTarEntry(TarEntryType.Directory, name)));

    [Theory]
    [InlineData("/etc/passwd", "absolute path")]
    [InlineData("../secret", "out of the source")]
    [InlineData("lib/../../secret", "out of the source")]
    [InlineData("C:\\secret", "absolute path")]
    [InlineData("missing.js", "not in the source")]
    [InlineData("link.js", "in a circle")]
    [InlineData("lib", "to the directory")]
    [InlineData(".", "to the directory")]
    public async Task A_symbolic_link_that_leads_to_no_file_of_the_source_is_refused(string target, string because) =>
        await RefusedAsync(because, Of(File("index.js"), File("lib/x.js"), new PaxTarEntry(TarEntryType.SymbolicLink, "link.js") { LinkName = target }));

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../secret")]
    public async Task A_hard_link_that_leads_out_is_refused(string target) =>
        await RefusedAsync("out of the source", Of(File("index.js"), new PaxTarEntry(TarEntryType.HardLink, "link.js") { LinkName = target }));

    [Fact]
    public async Task A_file_below_a_link_is_refused() => await RefusedAsync(
        "file and a directory", Of(File("index.js"), File("lib/x.js"), new PaxTarEntry(TarEntryType.SymbolicLink, "d") { LinkName = "lib/x.js" }, File("d/evil.js")));

    [Fact]
    public async Task Links_to_files_of_the_source_become_copies()
    {
        using var bundle = await BundleAsync(Of(
            new PaxTarEntry(TarEntryType.SymbolicLink, "bin/run") { LinkName = "../lib/./run.js" },
            File("index.js", "main"), File("lib/run.js", "run", executable: true),
            new PaxTarEntry(TarEntryType.SymbolicLink, "again") { LinkName = "bin/run" },
            new PaxTarEntry(TarEntryType.HardLink, "copy.js") { LinkName = "index.js" }));
        Assert.Equal(["again", "bin/run", "copy.js", "index.js", "lib/run.js"], bundle.Paths);
        Assert.Equal(["run +x", "run +x", "main", "main", "run +x"], await ContentAsync(bundle));
    }

    [Fact]
    public async Task Symbolic_links_in_a_zip_follow_the_same_rules()
    {
        using var bundle = await BundleAsync(Zips.Of([("index.js", "main"u8.ToArray(), 0x81A4), ("lib/main.js", "../index.js"u8.ToArray(), 0xA1FF)]));
        Assert.Equal(["main", "main"], await ContentAsync(bundle));
        await RefusedAsync("out of the source", Zips.Of([("index.js", "x"u8.ToArray(), 0x81A4), ("out", "../../x"u8.ToArray(), 0xA1FF)]));
    }

    [Theory]
    [InlineData(TarEntryType.BlockDevice)]
    [InlineData(TarEntryType.CharacterDevice)]
    [InlineData(TarEntryType.Fifo)]
    public async Task A_device_or_pipe_is_refused(TarEntryType type) =>
        await RefusedAsync("device, pipe or socket", Of(File("index.js"), new PaxTarEntry(type, "odd")));

    [Fact]
    public async Task Two_files_of_one_name_are_refused()
    {
        await RefusedAsync("twice", Of(File("index.js"), File("index.js")));
        await RefusedAsync("twice", Of(File("index.js"), File("./index.js")));
        await RefusedAsync("twice", Of(File("index.js"), File("a.js"), new PaxTarEntry(TarEntryType.SymbolicLink, "a.js") { LinkName = "index.js" }));
    }

    [Fact]
    public async Task A_bomb_is_stopped_before_it_is_unpacked()
    {
        var watch = Stopwatch.StartNew();
        await RefusedAsync("200 times", Pack([.. Header("zeros", '0', 100_000_000), .. new byte[100_000_000]]));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"took {watch.Elapsed}");
    }

    [Fact]
    public async Task A_size_over_the_limit_is_refused_by_what_the_header_says() =>
        await RefusedAsync($"more than {Limits.SourceBytes / 1024 / 1024} MiB", Pack([.. Header("index.js", '0', Limits.SourceBytes + 1)]));

    [Theory]
    [InlineData('x')]
    [InlineData('g')]
    [InlineData('L')]
    [InlineData('K')]
    public async Task An_extension_that_claims_gigabytes_takes_no_memory(char type)
    {
        var before = GC.GetTotalAllocatedBytes();
        await RefusedAsync("header of", Pack([.. Header("long", type, 2L * 1024 * 1024 * 1024)]));
        Assert.True(GC.GetTotalAllocatedBytes() - before < 100_000_000);
    }

    [Fact]
    public async Task Too_many_entries_are_refused()
    {
        await RefusedAsync($"more than {Limits.SourceFiles} files", Of([.. Enumerable.Range(0, Limits.SourceFiles + 1).Select(i => File($"f{i}"))]));
        var directories = Enumerable.Range(0, (4 * Limits.SourceFiles) + 1).SelectMany(i => Header($"d{i}/", '5', 0)).ToArray();
        await RefusedAsync("entries", Pack(directories));
    }

    [Theory]
    [InlineData("path=../evil.js", '0', "leads upwards")]
    [InlineData("path=/etc/evil", '0', "absolute")]
    [InlineData("path=lib/\0/evil.js", '0', "control character")]
    [InlineData("path=../evil/", '5', "leads upwards")]
    [InlineData("linkpath=/etc/passwd", '2', "absolute path")]
    [InlineData("linkpath=../secret", '2', "out of the source")]
    [InlineData("linkpath=../secret", '1', "out of the source")]
    [InlineData("linkpath=/etc/passwd", '1', "out of the source")]
    [InlineData("size=-1", '0', "is no number")]
    [InlineData("size=99999999999999999999", '0', "is no number")]
    [InlineData("size=9223372036854775807", '0', "unpacks to more than")]
    [InlineData("GNU.sparse.major=1", '0', "sparse file")]
    [InlineData("GNU.sparse.name=../evil.js", '0', "sparse file")]
    public async Task What_an_extended_header_puts_in_the_place_of_a_harmless_one_is_judged(string record, char type, string because) =>
        await RefusedAsync(because, Pack([.. Extension('x', Record(record)), .. Header("harmless.js", type, 0, link: "harmless.js"), .. new byte[1024]]));

    [Theory]
    [InlineData('L', "../evil.js", '0', "leads upwards")]
    [InlineData('L', "/etc/evil", '0', "absolute")]
    [InlineData('K', "/etc/passwd", '2', "absolute path")]
    [InlineData('K', "../../secret", '1', "out of the source")]
    public async Task What_a_long_name_or_link_of_GNU_tar_puts_in_the_place_of_a_harmless_one_is_judged(char kind, string text, char type, string because) =>
        await RefusedAsync(because, Pack([.. Extension(kind, Encoding.UTF8.GetBytes(text + "\0")), .. Header("harmless.js", type, 0, link: "harmless.js"), .. new byte[1024]]));

    [Fact]
    public async Task A_prefix_that_leads_elsewhere_is_judged_with_the_name() =>
        await RefusedAsync("leads upwards", Pack([.. Header("evil.js", '0', 0, prefix: "../.."), .. new byte[1024]]));

    [Fact]
    public async Task A_global_header_renames_nothing()
    {
        using var bundle = await BundleAsync(Pack([.. Extension('g', Record("path=../evil.js")), .. Header("index.js", '0', 0), .. new byte[1024]]));
        Assert.Equal(["index.js"], bundle.Paths);
    }

    [Theory]
    [InlineData("hard.js", "hard.js", "in a circle")]
    [InlineData("hard.js", "missing.js", "not in the source")]
    public async Task A_hard_link_to_itself_or_to_nothing_is_refused(string name, string target, string because) =>
        await RefusedAsync(because, Pack([.. Header("index.js", '0', 0), .. Header(name, '1', 0, link: target), .. new byte[1024]]));

    [Fact]
    public async Task Names_that_differ_in_case_or_Unicode_form_are_two_files_as_where_functions_run()
    {
        using var bundle = await BundleAsync(Of(File("index.js"), File("caf\u00e9.js"), File("cafe\u0301.js"), File("INDEX.js")));
        Assert.Equal(4, bundle.Paths.Count);
    }

    [Theory]
    [InlineData("sparse file", 'S')]
    [InlineData("unknown type", 'V')]
    public async Task Other_kinds_of_entries_are_refused(string because, char type) =>
        await RefusedAsync(because, Pack([.. Header("odd", type, 0)]));

    [Fact]
    public async Task A_damaged_archive_is_refused()
    {
        var sound = Of(File("index.js", new string('x', 5000)));
        await RefusedAsync("no readable tar.gz", sound[..^20]);
        await RefusedAsync("no readable tar.gz", Pack(new byte[100]));
        await RefusedAsync("no readable tar.gz", Pack(Encoding.UTF8.GetBytes(new string('x', 2000))));
        var header = Header("index.js", '0', 0).ToArray();
        header[0] ^= 1;
        await RefusedAsync("checksum", Pack(header));
        await RefusedAsync("no file", Pack(new byte[1024]));
    }

    [Fact]
    public async Task Tar_and_zip_of_the_same_files_are_the_same_source()
    {
        using var zip = await BundleAsync(Zips.Of(("index.js", "code"), ("lib/a.js", "a")));
        using var tar = await BundleAsync(Of(new PaxTarEntry(TarEntryType.Directory, "./"), File("./lib/a.js", "a"), File("./index.js", "code")));
        using var gnu = await BundleAsync(OfGnu(("lib/a.js", "a"), ("index.js", "code")));
        Assert.Equal(zip.ContentDigest, tar.ContentDigest);
        Assert.Equal(zip.Digest, gnu.Digest);
    }

    [Fact]
    public async Task Long_names_come_through_in_all_formats()
    {
        var name = string.Join('/', Enumerable.Repeat("directory", 20)) + "/file.js";
        using var pax = await BundleAsync(Of(File("index.js"), File(name)));
        using var gnu = await BundleAsync(OfGnu(("index.js", "x"), (name, "x")));
        Assert.Contains(name, pax.Paths);
        Assert.Equal(pax.ContentDigest, gnu.ContentDigest);
    }

    [Fact]
    public async Task What_GNU_tar_packs_is_read()
    {
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(Path.Combine(directory.Path, "in/lib"));
        await System.IO.File.WriteAllTextAsync(Path.Combine(directory.Path, "in/index.js"), "code", Stop);
        await System.IO.File.WriteAllTextAsync(Path.Combine(directory.Path, "in/lib/a.js"), "a", Stop);
        System.IO.File.CreateSymbolicLink(Path.Combine(directory.Path, "in/lib/b.js"), "a.js");
        using (var tar = Process.Start("tar", ["-czf", Path.Combine(directory.Path, "out.tar.gz"), "-C", Path.Combine(directory.Path, "in"), "."]))
            await tar.WaitForExitAsync(Stop);
        using var bundle = await BundleAsync(await System.IO.File.ReadAllBytesAsync(Path.Combine(directory.Path, "out.tar.gz"), Stop));
        Assert.Equal(["index.js", "lib/a.js", "lib/b.js"], bundle.Paths);
    }

    [Fact]
    public async Task A_sub_directory_of_an_archive_is_a_source()
    {
        var tar = Of(File("app-1.0/README.md"), File("app-1.0/fn/index.js", "code"), File("app-1.0/fn-other/index.js"));
        using var stream = new MemoryStream(tar);
        using var bundle = await SourceArchive.BundleAsync(stream, SourceDirectory.Of("app-1.0/fn/"), Stop);
        Assert.Equal(["index.js"], bundle.Paths);
        var refused = await Assert.ThrowsAsync<SourceRefusedException>(async () => (await SourceArchive.BundleAsync(stream, SourceDirectory.Of("nope"), Stop)).Dispose());
        Assert.Contains("no file below \"nope\"", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fifty_megabytes_are_bundled_without_holding_them_in_memory()
    {
        var noise = new byte[50_000_000];
        new Random(1).NextBytes(noise);
        using var file = new MemoryStream(Of(File("index.js"), new PaxTarEntry(TarEntryType.RegularFile, "noise") { DataStream = new MemoryStream(noise) }));
        var before = GC.GetTotalAllocatedBytes(precise: true);
        using var bundle = await SourceArchive.BundleAsync(file, SourceDirectory.Root, Stop);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.True(bundle.Length > 49_000_000);
        Assert.True(allocated < 30_000_000, $"{allocated} bytes were allocated");
    }

    private static PaxTarEntry File(string name, string content = "x", bool executable = false) => new(TarEntryType.RegularFile, name)
    {
        DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)),
        Mode = executable ? (UnixFileMode)0b111_101_101 : (UnixFileMode)0b110_100_100,
    };

    private static byte[] Of(params IReadOnlyList<TarEntry> entries)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Pax))
        {
            foreach (var entry in entries)
                tar.WriteEntry(entry);
        }

        return stream.ToArray();
    }

    private static byte[] OfGnu(params (string Name, string Content)[] files)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Gnu))
        {
            foreach (var (name, content) in files)
                tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) });
        }

        return stream.ToArray();
    }

    // One header block, for what no tar writer would write.
    private static byte[] Header(string name, char type, long size, string link = "", string prefix = "")
    {
        var block = new byte[512];
        Encoding.UTF8.GetBytes(name, block);
        Encoding.UTF8.GetBytes(link, block.AsSpan(157));
        Encoding.UTF8.GetBytes(prefix, block.AsSpan(345));
        "0000644\0"u8.CopyTo(block.AsSpan(100));
        block[124] = 0x80;
        BinaryPrimitives.WriteInt64BigEndian(block.AsSpan(128), size);
        "        "u8.CopyTo(block.AsSpan(148));
        block[156] = (byte)type;
        "ustar\000"u8.CopyTo(block.AsSpan(257));
        Encoding.ASCII.GetBytes($"{Convert.ToString(block.Sum(b => b), 8).PadLeft(6, '0')}\0 ", block.AsSpan(148));
        return block;
    }

    // An entry that says more of the next one: its content, filled up to whole blocks.
    private static byte[] Extension(char type, byte[] content) => [.. Header("extension", type, content.Length), .. content, .. new byte[511 - ((content.Length + 511) % 512)]];

    // "length key=value\n", where the length counts its own digits.
    private static byte[] Record(string text)
    {
        var rest = Encoding.UTF8.GetByteCount(text) + 2;
        var length = rest + 1;
        while (length != rest + length.ToString(System.Globalization.CultureInfo.InvariantCulture).Length)
            length++;
        return Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{length} {text}\n"));
    }

    private static byte[] Pack(byte[] tar)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.SmallestSize, leaveOpen: true))
            gzip.Write(tar);
        return stream.ToArray();
    }

    private static async Task RefusedAsync(string because, byte[] archive)
    {
        var refused = await Assert.ThrowsAsync<SourceRefusedException>(async () => (await BundleAsync(archive)).Dispose());
        Assert.Contains(because, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(refused.Message, c => char.IsControl(c));
    }

    private static Task<Bundle> BundleAsync(byte[] archive)
    {
        var spec = new LambdaSpec { Runtime = Runtimes.Nodejs, Source = new() { Zip = new() { ConfigMap = new() { Name = "code", Key = "archive" } } } };
        return SourceBundler.Create(spec, new() { BinaryData = new Dictionary<string, byte[]> { ["archive"] = archive } }, Stop);
    }

    private static async Task<List<string>> ContentAsync(Bundle bundle)
    {
        var content = new List<string>();
        await using var unpacked = new GZipStream(bundle.Open(), CompressionMode.Decompress);
        await using var tar = new TarReader(unpacked);
        while (await tar.GetNextEntryAsync(cancellationToken: Stop) is { } entry)
        {
            using var reader = new StreamReader(entry.DataStream!);
            content.Add(await reader.ReadToEndAsync(Stop) + ((entry.Mode & UnixFileMode.UserExecute) != 0 ? " +x" : ""));
        }

        return content;
    }
}
