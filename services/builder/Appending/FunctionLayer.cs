using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using Kublambda.Builder.Sources;

namespace Kublambda.Builder.Appending;

/// <summary>
/// A bundle as a layer: its files below <c>/function</c>, owned by root, with all the directories on the way. The same bundle
/// always gives the same bytes. Lies in a temporary file that goes with this object.
/// </summary>
public sealed class FunctionLayer : IDisposable
{
    private const string Root = "function/";
    private const UnixFileMode DirectoryMode = Bundle.Program;
    private readonly FileStream _file;

    private FunctionLayer(FileStream file, string diffId, string digest)
    {
        _file = file;
        DiffId = diffId;
        Digest = digest;
    }

    /// <summary>Digest of the tar: what the image's config lists.</summary>
    public string DiffId { get; }

    /// <summary>Digest of the gzip: the blob.</summary>
    public string Digest { get; }

    /// <summary>Bytes of the gzip.</summary>
    public long Length => _file.Length;

    /// <summary>Opens the gzip from its start; the reader closes what it opened.</summary>
    public Stream Open() => ScratchFile.Reopen(_file);

    public static async Task<FunctionLayer> CreateAsync(Bundle bundle, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        var file = ScratchFile.Create();
        try
        {
            using var content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using (var gzip = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true))
            await using (var hashed = new HashingStream(gzip, content))
            await using (var tar = new TarWriter(hashed, TarEntryFormat.Gnu, leaveOpen: true))
                await WriteAsync(tar, bundle, cancellationToken);
            await file.FlushAsync(cancellationToken);
            file.Position = 0;
            var digest = await SHA256.HashDataAsync(file, cancellationToken);
            return new FunctionLayer(file, Hex(content.GetHashAndReset()), Hex(digest));
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private static async Task WriteAsync(TarWriter to, Bundle bundle, CancellationToken cancellationToken)
    {
        await using var packed = bundle.Open();
        await using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
        await using var from = new TarReader(unpacked);
        await using var scratch = ScratchFile.Create();
        var directories = new HashSet<string>(StringComparer.Ordinal);
        while (await from.GetNextEntryAsync(copyData: false, cancellationToken) is { } file)
        {
            var path = Root + file.Name;
            for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
            {
                if (directories.Add(path[..slash]))
                    await to.WriteEntryAsync(Entry(TarEntryType.Directory, path[..(slash + 1)], DirectoryMode), cancellationToken);
            }

            // The writer would hold what it cannot seek in memory.
            scratch.SetLength(0);
            if (file.DataStream is { } content)
                await content.CopyToAsync(scratch, cancellationToken);
            scratch.Position = 0;
            var entry = Entry(TarEntryType.RegularFile, path, file.Mode);
            entry.DataStream = scratch.Length == 0 ? null : scratch;
            await to.WriteEntryAsync(entry, cancellationToken);
        }
    }

    // As in a bundle: nothing that another machine or hour would write differently.
    private static GnuTarEntry Entry(TarEntryType type, string path, UnixFileMode mode) => new(type, path)
    {
        Mode = mode,
        ModificationTime = DateTimeOffset.UnixEpoch,
        AccessTime = default,
        ChangeTime = default,
        Uid = 0,
        Gid = 0,
    };

    private static string Hex(ReadOnlySpan<byte> hash) => $"sha256:{Convert.ToHexStringLower(hash)}";
}
