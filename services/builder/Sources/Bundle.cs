using System.Formats.Tar;
using System.IO.Compression;
using System.IO.Hashing;
using System.Security.Cryptography;
using Kublambda.Contracts;

namespace Kublambda.Builder.Sources;

/// <summary>
/// A source in its one form, whatever road it came by: a tar of regular files, sorted, without times and owners, packed
/// with gzip in a temporary file that goes with this object.
/// </summary>
public sealed class Bundle : IDisposable
{
    internal const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    internal const UnixFileMode Program = Plain | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly FileStream? _file;
    private readonly Func<Stream> _open;

    private Bundle(FileStream? file, Func<Stream> open, string contentDigest, string digest, long length, IReadOnlyCollection<string> paths)
    {
        (_file, _open) = (file, open);
        ContentDigest = contentDigest;
        Digest = digest;
        Length = length;
        Paths = paths;
    }

    /// <summary><c>sha256:</c> of the tar: what the source is. Compressors differ between machines and versions, the tar does not.</summary>
    public string ContentDigest { get; }

    /// <summary><c>sha256:</c> of the gzip: the blob in the registry.</summary>
    public string Digest { get; }

    /// <summary>Bytes of the gzip.</summary>
    public long Length { get; }

    /// <summary>The files' paths, sorted.</summary>
    public IReadOnlyCollection<string> Paths { get; }

    /// <summary>Of a source that was fetched: what names its content, see <see cref="Names.FetchedTag"/>.</summary>
    public string? Origin { get; internal set; }

    /// <summary>True where the registry has it already.</summary>
    public bool IsRemembered => _file is null;

    /// <summary>Opens the gzip from its start; the reader closes what it opened.</summary>
    public Stream Open() => _open();

    /// <summary>A bundle that the registry has, from an earlier fetch of the same content.</summary>
    internal static Bundle Remembered(string contentDigest, string digest, long length, IReadOnlyCollection<string> paths, string origin, Func<Stream> open) =>
        new(file: null, open, contentDigest, digest, length, paths) { Origin = origin };

    /// <summary>Writes the bundle of a tree while holding every file to its stated size and the whole to <see cref="Limits"/>.</summary>
    /// <param name="tree">The files.</param>
    /// <param name="packedBytes">Where the source is an archive: its size, for the ratio cap.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="SourceRefusedException">The source is empty, damaged, has a link that leads out, or lies about its sizes.</exception>
    public static async Task<Bundle> Create(SourceTree tree, long? packedBytes, CancellationToken cancellationToken)
    {
        tree.ResolveLinks();
        if (tree.Files.Count == 0)
            throw new SourceRefusedException("The source is empty: it holds no file. Add at least the file that spec.handler names.");

        var file = Scratch();
        try
        {
            using var content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using (var gzip = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true))
            await using (var hashed = new HashingStream(gzip, content))
            await using (var tar = new TarWriter(hashed, TarEntryFormat.Gnu, leaveOpen: true))
                await Write(tar, tree, packedBytes, cancellationToken);
            await file.FlushAsync(cancellationToken);
            file.Position = 0;
            var digest = await SHA256.HashDataAsync(file, cancellationToken);
            return new Bundle(file, () => new FileStream(file.Name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), Hex(content.GetHashAndReset()), Hex(digest), file.Length, tree.Paths);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    public void Dispose() => _file?.Dispose();

    private static async Task Write(TarWriter tar, SourceTree tree, long? packedBytes, CancellationToken cancellationToken)
    {
        var budget = packedBytes is { } packed ? Math.Min(Limits.SourceBytes, packed * Limits.SourceRatio) : Limits.SourceBytes;
        await using var scratch = Scratch();
        foreach (var source in tree.Files)
        {
            scratch.SetLength(0);
            await CopyExactly(source, scratch, budget, cancellationToken);
            budget -= scratch.Length;
            scratch.Position = 0;
            // GNU, not PAX: .NET names PAX headers after its own process id, which no two machines share.
            var entry = new GnuTarEntry(TarEntryType.RegularFile, source.Path)
            {
                Mode = source.Executable ? Program : Plain,
                ModificationTime = DateTimeOffset.UnixEpoch,
                AccessTime = default,
                ChangeTime = default,
                Uid = 0,
                Gid = 0,
                DataStream = scratch.Length == 0 ? null : scratch,
            };
            await tar.WriteEntryAsync(entry, cancellationToken);
        }
    }

    private static async Task CopyExactly(SourceEntry source, Stream to, long budget, CancellationToken cancellationToken)
    {
        var buffer = new byte[81_920];
        var crc = new Crc32();
        try
        {
            await using var from = source.Open();
            long total = 0;
            int read;
            while ((read = await from.ReadAsync(buffer, cancellationToken)) > 0)
            {
                total += read;
                if (total > source.Length)
                    throw Lies(source);
                if (total > budget)
                    throw SourceTree.TooLarge();
                crc.Append(buffer.AsSpan(0, read));
                await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }

            if (total != source.Length)
                throw Lies(source);
            if (source.Crc32 is { } stated && stated != crc.GetCurrentHashAsUInt32())
                throw new InvalidDataException("Its checksum is wrong, the archive is damaged.");
        }
        catch (InvalidDataException e)
        {
            throw new SourceRefusedException($"The file \"{SourcePath.Show(source.Path)}\" in the source cannot be unpacked: {e.Message} Pack the archive again.");
        }
    }

    private static SourceRefusedException Lies(SourceEntry source) =>
        new($"The file \"{SourcePath.Show(source.Path)}\" in the source does not have the {source.Length} bytes that the archive states. Pack the archive again.");

    internal static FileStream Scratch() => new(
        Path.Combine(Path.GetTempPath(), $"kublambda-{Environment.ProcessId}-{Guid.NewGuid():N}"),
        new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
        });

    private static string Hex(ReadOnlySpan<byte> hash) => $"sha256:{Convert.ToHexStringLower(hash)}";
}
