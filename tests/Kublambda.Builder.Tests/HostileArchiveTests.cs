using System.Diagnostics;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Tests;

/// <summary>
/// What broke others: zip slip (Fission GHSA-qf5v, Argo CVE-2026-40886), links (Argo CVE-2025-62156 and its bypass), a rewritten path
/// (SharpCompress CVE-2026-44788), bombs. Each is refused as a whole, with its own words.
/// </summary>
[Collection(Alone)]
public sealed class HostileArchiveTests
{
    /// <summary>These tests count the process's temporary files and memory, so no other test may make bundles meanwhile.</summary>
    internal const string Alone = "counts temporary files";

    private const int Regular = 0x81A4;

    public static TheoryData<string, string> Names => new()
    {
        { "../evil.js", "leads upwards" },
        { "a/../../evil.js", "leads upwards" },
        { "..", "leads upwards" },
        { "/etc/evil", "absolute" },
        { "..\\evil.js", "backslash" },
        { "a\\b.js", "backslash" },
        { "C:/evil.js", "drive letter" },
        { "c:evil.js", "drive letter" },
        { "a\0b.js", "control character" },
        { "a\nb.js", "control character" },
        { "a\u001b[31m.js", "control character" },
        { "a//b.js", "empty or \".\" segment" },
        { "a/./b.js", "empty or \".\" segment" },
        { new string('a', 241), "240 are allowed" },
        { "d/" + string.Concat(Enumerable.Repeat("é", 140)), "255 bytes" },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_path_that_leads_elsewhere_refuses_the_whole_archive(string name, string because) =>
        await RefusedAsync(Zips.Of(("index.js", "x"), (name, "evil")), because);

    [Theory]
    [InlineData("../evil/", "leads upwards")]
    [InlineData("/evil/", "absolute")]
    public async Task A_directory_that_leads_elsewhere_refuses_the_whole_archive(string name, string because) =>
        await RefusedAsync(Zips.Of(("index.js", "x"), (name, "")), because);

    [Theory]
    [InlineData(0xA1FF, "symbolic link")]
    [InlineData(0x21A4, "device, pipe or socket")]
    [InlineData(0x61A4, "device, pipe or socket")]
    [InlineData(0x11A4, "device, pipe or socket")]
    [InlineData(0xC1A4, "device, pipe or socket")]
    public async Task What_is_no_file_refuses_the_whole_archive(int mode, string because) =>
        await RefusedAsync(Zips.Of([("index.js", "x"u8.ToArray(), Regular), ("odd", "/etc/passwd"u8.ToArray(), mode)]), because);

    [Fact]
    public async Task Two_files_of_one_name_are_refused() =>
        await RefusedAsync(Zips.Of(("index.js", "x"), ("index.js", "y")), "twice");

    [Fact]
    public async Task Names_that_differ_in_case_are_two_files()
    {
        using var bundle = await BundleAsync(Zips.Of(("index.js", "x"), ("README.md", "y"), ("readme.md", "z")));
        Assert.Equal(["README.md", "index.js", "readme.md"], bundle.Paths);
    }

    [Theory]
    [InlineData("a", "a/b.js")]
    [InlineData("a/b.js", "a")]
    public async Task A_file_that_is_a_directory_too_is_refused(string first, string second) =>
        await RefusedAsync(Zips.Of(("index.js", "x"), (first, "y"), (second, "z")), "file and a directory");

    [Fact]
    public async Task An_encrypted_entry_is_refused() =>
        await RefusedAsync(Zips.Encrypted(Zips.Of(("index.js", "x"))), "encrypted");

    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    public async Task A_size_that_lies_is_refused(uint stated) =>
        await RefusedAsync(Zips.WithStatedSize(Zips.Of(("index.js", new string('x', 300))), stated), "does not have the", "cannot be unpacked", "no readable zip");

    [Fact]
    public async Task A_wrong_checksum_is_refused() =>
        await RefusedAsync(Zips.WithStatedChecksum(Zips.Of(("index.js", "exports.handler = 1")), 4711), "checksum", "cannot be unpacked");

    [Fact]
    public async Task A_damaged_archive_is_refused()
    {
        var zip = Zips.Of(("index.js", new string('x', 5000)));
        await RefusedAsync(zip[..^30], "no readable zip");
        await RefusedAsync([1, 2, 3], "no readable zip");
        await RefusedAsync([], "no readable zip");
    }

    [Fact]
    public async Task A_bomb_is_stopped_by_the_ratio_before_it_is_unpacked()
    {
        var watch = Stopwatch.StartNew();
        await RefusedAsync(Zips.Of([("index.js", "x"u8.ToArray(), 0), ("zeros", new byte[100_000_000], 0)]), "200 times");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"took {watch.Elapsed}");
    }

    [Fact]
    public async Task A_bomb_that_understates_its_size_is_stopped_too() =>
        await RefusedAsync(Zips.WithStatedSize(Zips.Of([("index.js", new byte[50_000_000], 0)]), 1000), "does not have the", "cannot be unpacked");

    [Fact]
    public async Task A_source_over_the_byte_limit_is_refused()
    {
        var random = new Random(1);
        var noise = new byte[1_500_000];
        random.NextBytes(noise);
        // The ratio alone would let it through.
        var files = Enumerable.Range(0, 3).Select(i => ($"zeros{i}", new byte[70 * 1024 * 1024], 0)).Append(("noise", noise, 0)).Append(("index.js", "x"u8.ToArray(), 0));
        await RefusedAsync(Zips.Of(files), "more than 200 MiB");
    }

    [Fact]
    public async Task Too_many_files_are_refused()
    {
        var files = Enumerable.Range(0, Limits.SourceFiles + 1).Select(i => ($"f{i}.js", "x"u8.ToArray(), 0));
        await RefusedAsync(Zips.Of(files), $"more than {Limits.SourceFiles} files");
    }

    [Fact]
    public async Task An_empty_archive_is_refused() => await RefusedAsync(Zips.Of(), "no file");

    [Fact]
    public async Task Text_that_is_no_base64_is_refused()
    {
        var spec = new LambdaSpec { Runtime = Runtimes.Nodejs, Source = new() { Zip = new() { Data = "no!base64" } } };
        var refused = await Assert.ThrowsAsync<SourceRefusedException>(() => SourceBundler.Create(spec, null, TestContext.Current.CancellationToken));
        Assert.Contains("base64", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../evil.js", "leads upwards")]
    [InlineData("/evil.js", "absolute")]
    [InlineData("", "empty")]
    public async Task Inline_files_are_held_to_the_same_rules(string name, string because)
    {
        var spec = new LambdaSpec { Runtime = Runtimes.Nodejs, Source = new() { Inline = new() { Files = new Dictionary<string, string> { [name] = "x" } } } };
        var refused = await Assert.ThrowsAsync<SourceRefusedException>(() => SourceBundler.Create(spec, null, TestContext.Current.CancellationToken));
        Assert.Contains(because, refused.Message, StringComparison.Ordinal);
    }

    private static async Task RefusedAsync(byte[] zip, params string[] because)
    {
        var before = TemporaryFiles();
        var refused = await Assert.ThrowsAsync<SourceRefusedException>(async () => (await BundleAsync(zip)).Dispose());
        Assert.True(because.Any(b => refused.Message.Contains(b, StringComparison.Ordinal)), refused.Message);
        Assert.DoesNotContain(refused.Message, c => char.IsControl(c));
        Assert.True(refused.Message.Length < 600, refused.Message);
        Assert.True(TemporaryFiles() <= before, "temporary files are left");
    }

    private static int TemporaryFiles() => Directory.EnumerateFiles(Path.GetTempPath(), $"kublambda-{Environment.ProcessId}-*").Count();

    private static Task<Bundle> BundleAsync(byte[] zip) => SourceBundler.Create(
        new LambdaSpec { Runtime = Runtimes.Nodejs, Source = new() { Zip = new() { Data = Convert.ToBase64String(zip) } } }, null, TestContext.Current.CancellationToken);

    [CollectionDefinition(Alone, DisableParallelization = true)]
    public sealed class CountsTemporaryFiles;
}
