using System.Diagnostics.CodeAnalysis;
using System.Formats.Tar;
using System.IO.Hashing;
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

    private readonly PackedTar? _packed;
    private readonly Func<Stream> _open;

    private Bundle(PackedTar? packed, Func<Stream> open, string contentDigest, string digest, long length, IReadOnlyCollection<string> paths)
    {
        (_packed, _open) = (packed, open);
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

    /// <summary>Of a git source: the commit.</summary>
    public string? Commit { get; internal set; }

    /// <summary>True where the registry has it already.</summary>
    public bool IsRemembered => _packed is null;

    /// <summary>Opens the gzip from its start; the reader closes what it opened.</summary>
    public Stream Open() => _open();

    /// <summary>A bundle that the registry has, from an earlier fetch of the same content.</summary>
    internal static Bundle Remembered(string contentDigest, string digest, long length, IReadOnlyCollection<string> paths, string origin, Func<Stream> open) =>
        new(packed: null, open, contentDigest, digest, length, paths) { Origin = origin };

    /// <summary>Writes the bundle of a tree while holding every file to its stated size and the whole to <see cref="Limits"/>.</summary>
    /// <param name="tree">The files.</param>
    /// <param name="packedBytes">Where the source is an archive: its size, for the ratio cap.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="SourceRefusedException">The source is empty, damaged, has a link that leads out, or lies about its sizes.</exception>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The bundle disposes of it.")]
    public static async Task<Bundle> Create(SourceTree tree, long? packedBytes, CancellationToken cancellationToken)
    {
        tree.ResolveLinks();
        if (tree.Files.Count == 0)
            throw new SourceRefusedException("The source is empty: it holds no file. Add at least the file that spec.handler names.");

        var packed = await PackedTar.CreateAsync(tar => Write(tar, tree, packedBytes, cancellationToken), cancellationToken);
        return new Bundle(packed, packed.Open, packed.TarDigest, packed.Digest, packed.Length, tree.Paths);
    }

    public void Dispose() => _packed?.Dispose();

    private static async Task Write(TarWriter tar, SourceTree tree, long? packedBytes, CancellationToken cancellationToken)
    {
        var budget = packedBytes is { } packed ? Math.Min(Limits.SourceBytes, packed * Limits.SourceRatio) : Limits.SourceBytes;
        await using var scratch = ScratchFile.Create();
        foreach (var source in tree.Files)
        {
            scratch.SetLength(0);
            await CopyExactly(source, scratch, budget, cancellationToken);
            budget -= scratch.Length;
            scratch.Position = 0;
            var entry = PackedTar.Entry(TarEntryType.RegularFile, source.Path, source.Executable ? Program : Plain, scratch);
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
}
