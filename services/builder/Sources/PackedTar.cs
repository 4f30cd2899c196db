using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Kublambda.Builder.Sources;

/// <summary>
/// A tar packed with gzip, in a temporary file that goes with this object. Its entries say nothing that another machine or
/// hour would write differently: the same content always gives the same bytes.
/// </summary>
internal sealed class PackedTar : IDisposable
{
    private readonly FileStream _file;

    private PackedTar(FileStream file, string tarDigest, string digest) => (_file, TarDigest, Digest) = (file, tarDigest, digest);

    /// <summary><c>sha256:</c> of the tar.</summary>
    public string TarDigest { get; }

    /// <summary><c>sha256:</c> of the gzip.</summary>
    public string Digest { get; }

    /// <summary>Bytes of the gzip.</summary>
    public long Length => _file.Length;

    /// <summary>Opens the gzip from its start; the reader closes what it opened.</summary>
    public Stream Open() => ScratchFile.Reopen(_file);

    public void Dispose() => _file.Dispose();

    /// <param name="write">Writes the entries, made by <see cref="Entry"/>.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static async Task<PackedTar> CreateAsync(Func<TarWriter, Task> write, CancellationToken cancellationToken)
    {
        var file = ScratchFile.Create();
        try
        {
            using var content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using (var gzip = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true))
            await using (var hashed = new HashingStream(gzip, content))
            await using (var tar = new TarWriter(hashed, TarEntryFormat.Gnu, leaveOpen: true))
                await write(tar);
            await file.FlushAsync(cancellationToken);
            file.Position = 0;
            var digest = await SHA256.HashDataAsync(file, cancellationToken);
            return new PackedTar(file, Hex(content.GetHashAndReset()), Hex(digest));
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    /// <summary>An entry without times, owned by root. GNU, not PAX: .NET names PAX headers after its own process id.</summary>
    public static GnuTarEntry Entry(TarEntryType type, string path, UnixFileMode mode, Stream? content = null)
    {
        var entry = new GnuTarEntry(type, path) { Mode = mode, ModificationTime = DateTimeOffset.UnixEpoch, AccessTime = default, ChangeTime = default, Uid = 0, Gid = 0 };
        if (content is { Length: > 0 })
            entry.DataStream = content;
        return entry;
    }

    private static string Hex(ReadOnlySpan<byte> hash) => $"sha256:{Convert.ToHexStringLower(hash)}";
}
