using System.IO.Compression;
using System.Text;
using Kublambda.Contracts;

namespace Kublambda.Builder.Sources;

/// <summary>Reads the directory of a zip archive. The archive must stay open while the tree's files are read.</summary>
public static class ZipSourceReader
{
    // External attributes of a zip made on Unix: st_mode in the upper half (APPNOTE.TXT 4.4.15, Info-ZIP).
    private const int TypeMask = 0xF000;
    private const int Directory = 0x4000;
    private const int RegularFile = 0x8000;
    private const int SymbolicLink = 0xA000;
    private const int AnyExecute = 0x49;

    /// <exception cref="SourceRefusedException">The archive is damaged or hostile.</exception>
    public static ZipArchive Open(Stream stream)
    {
        try
        {
            var archive = new ZipArchive(stream, ZipArchiveMode.Read);
            _ = archive.Entries; // reads the central directory
            return archive;
        }
        catch (InvalidDataException e)
        {
            throw new SourceRefusedException($"The source is no readable zip archive: {e.Message} Pack it again, for example with \"zip -r source.zip .\".");
        }
    }

    /// <param name="archive">The archive.</param>
    /// <param name="packedBytes">The archive's size, against which its unpacked size is held.</param>
    /// <param name="below">Takes what lies in the source, and gives its path there.</param>
    /// <exception cref="SourceRefusedException">An entry is not allowed; the whole archive is refused.</exception>
    public static SourceTree Read(ZipArchive archive, long packedBytes, SourceDirectory below)
    {
        var tree = new SourceTree();
        var directories = 0;
        long unpacked = 0;
        foreach (var entry in archive.Entries)
        {
            var mode = entry.ExternalAttributes >>> 16;
            var name = entry.FullName;
            if (name.EndsWith('/') && (mode & TypeMask) is 0 or Directory)
            {
                SourcePath.Check(name[..^1]);
                if (++directories > Limits.SourceFiles)
                    throw new SourceRefusedException($"The archive has more than {Limits.SourceFiles} directories.");
                continue;
            }

            SourcePath.Check(name);
            CheckKind(name, mode);
            if (entry.IsEncrypted)
                throw new SourceRefusedException($"The archive's entry \"{SourcePath.Show(name)}\" is encrypted. Pack the archive without a password.");
            unpacked += entry.Length;
            if (unpacked / Limits.SourceRatio > packedBytes)
                throw LooksLikeABomb();
            if (below.Within(name) is not { } path)
                continue;
            if ((mode & TypeMask) == SymbolicLink)
                tree.AddLink(path, Target(entry), hard: false);
            else
                tree.Add(new SourceEntry(path, (mode & AnyExecute) != 0, entry.Length, entry.Open, entry.Crc32));
        }

        return tree;
    }

    internal static SourceRefusedException LooksLikeABomb() =>
        new($"The archive unpacks to more than {Limits.SourceRatio} times its size, as a zip bomb does. Leave out files of zeros.");

    private static void CheckKind(string name, int mode)
    {
        if ((mode & TypeMask) is not (0 or RegularFile or SymbolicLink))
            throw new SourceRefusedException($"The archive's entry \"{SourcePath.Show(name)}\" is a device, pipe or socket: only files and directories are allowed.");
    }

    private static string Target(ZipArchiveEntry link)
    {
        var bytes = new byte[SourceLinks.MaxTarget];
        try
        {
            using var stream = link.Open();
            return Encoding.UTF8.GetString(bytes.AsSpan(0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)));
        }
        catch (InvalidDataException e)
        {
            throw new SourceRefusedException($"The symbolic link \"{SourcePath.Show(link.FullName)}\" in the source cannot be read: {e.Message} Pack the archive again.");
        }
    }
}
