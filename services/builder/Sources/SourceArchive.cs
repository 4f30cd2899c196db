using System.IO.Compression;
using Kublambda.Contracts;

namespace Kublambda.Builder.Sources;

/// <summary>A zip or tar.gz archive, told apart by its first bytes, not by a name.</summary>
public static class SourceArchive
{
    // What unpacks to no more than this is no bomb, whatever its ratio: a tar of one short file is mostly zeros.
    private const long Harmless = 4 * 1024 * 1024;

    // Headers and padding of a tar, beyond the files' own bytes.
    private const long TarOverhead = 4L * Limits.SourceFiles * TarHeader.Block;

    /// <param name="archive">Can go back; read from its beginning.</param>
    /// <param name="directory">Which part of it is the source.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="SourceRefusedException">It is no archive, damaged, over a limit or hostile.</exception>
    public static async Task<Bundle> BundleAsync(Stream archive, SourceDirectory directory, CancellationToken cancellationToken)
    {
        var first = new byte[4];
        archive.Position = 0;
        var read = await archive.ReadAtLeastAsync(first, first.Length, throwOnEndOfStream: false, cancellationToken);
        archive.Position = 0;
        if (read >= 2 && first[0] == 0x1F && first[1] == 0x8B)
        {
            await using var unpacked = new GZipStream(archive, CompressionMode.Decompress, leaveOpen: true);
            return await TarBundleAsync(unpacked, archive.Length, directory, refusePointers: false, cancellationToken);
        }

        using var zip = ZipSourceReader.Open(archive);
        var tree = ZipSourceReader.Read(zip, archive.Length, directory);
        directory.Require(tree);
        return await Bundle.Create(tree, archive.Length, cancellationToken);
    }

    /// <param name="tar">The unpacked tar; read to its end and no further.</param>
    /// <param name="packedBytes">Bytes it was packed in, for the ratio cap; null where it was not.</param>
    /// <param name="directory">Which part of it is the source.</param>
    /// <param name="refusePointers">Refuses files of which Git LFS has the content.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="SourceRefusedException">It is damaged, over a limit or hostile.</exception>
    public static async Task<Bundle> TarBundleAsync(Stream tar, long? packedBytes, SourceDirectory directory, bool refusePointers, CancellationToken cancellationToken)
    {
        const long most = Limits.SourceBytes + TarOverhead;
        var believable = Math.Min(most, packedBytes is { } packed ? Math.Max(Harmless, packed * Limits.SourceRatio) : most);
        await using var bounded = new BoundedStream(tar, believable, () => believable < most ? ZipSourceReader.LooksLikeABomb() : SourceTree.TooLarge());
        await using var scratch = ScratchFile.Create();
        var tree = await new TarSourceReader(bounded, scratch, directory, refusePointers).ReadAsync(cancellationToken);
        directory.Require(tree);
        return await Bundle.Create(tree, packedBytes: null, cancellationToken);
    }
}
