using System.Formats.Tar;
using System.IO.Compression;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;

namespace Kublambda.Builder.Fetching;

/// <summary>
/// Writes the files of a bundle. The builder made it, and yet it is trusted no more than a user's archive: what lies in a registry may
/// have been put there by somebody else.
/// </summary>
public static class BundleUnpacker
{
    /// <param name="gzip">The bundle; read to its end, so that its digest is checked.</param>
    /// <param name="directory">Has to be empty or missing: nothing that lies there could be a link that leads elsewhere.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="InvalidDataException">It is no bundle.</exception>
    /// <exception cref="SourceRefusedException">A path or the size is not allowed.</exception>
    public static async Task UnpackAsync(Stream gzip, string directory, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        if (Directory.EnumerateFileSystemEntries(directory).Any())
            throw new InvalidDataException($"{directory} is not empty.");

        await using (var unzipped = new GZipStream(gzip, CompressionMode.Decompress, leaveOpen: true))
        await using (var tar = new TarReader(unzipped, leaveOpen: true))
        {
            long left = Limits.SourceBytes;
            var files = 0;
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            {
                if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                    throw new InvalidDataException($"The bundle's entry \"{SourcePath.Show(entry.Name)}\" is a {entry.EntryType}; there may be regular files only.");
                if (++files > Limits.SourceFiles || (left -= entry.Length) < 0)
                    throw new InvalidDataException($"The bundle holds more than {Limits.SourceFiles} files or {Limits.SourceBytes} bytes.");
                await WriteAsync(entry, Path.Combine(directory, SourcePath.Check(entry.Name)), cancellationToken);
            }
        }

        // What follows the archive still counts for the digest.
        await gzip.CopyToAsync(Stream.Null, cancellationToken);
    }

    private static async Task WriteAsync(TarEntry entry, string path, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        if (entry.DataStream is { } content)
            await content.CopyToAsync(file, cancellationToken);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file.SafeFileHandle, (entry.Mode & UnixFileMode.UserExecute) != 0 ? Bundle.Program : Bundle.Plain);
    }
}
