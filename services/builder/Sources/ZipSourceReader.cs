using System.IO.Compression;
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
    /// <exception cref="SourceRefusedException">An entry is not allowed; the whole archive is refused.</exception>
    public static SourceTree Read(ZipArchive archive, long packedBytes)
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

            CheckKind(name, mode);
            if (entry.IsEncrypted)
                throw new SourceRefusedException($"The archive's entry \"{SourcePath.Show(name)}\" is encrypted. Pack the archive without a password.");
            unpacked += entry.Length;
            if (unpacked / Limits.SourceRatio > packedBytes)
                throw LooksLikeABomb();
            tree.Add(new SourceEntry(name, (mode & AnyExecute) != 0, entry.Length, entry.Open, entry.Crc32));
        }

        return tree;
    }

    internal static SourceRefusedException LooksLikeABomb() =>
        new($"The archive unpacks to more than {Limits.SourceRatio} times its size, as a zip bomb does. Leave out files of zeros.");

    private static void CheckKind(string name, int mode)
    {
        switch (mode & TypeMask)
        {
            case 0 or RegularFile:
                return;
            case SymbolicLink:
                throw new SourceRefusedException(
                    $"The archive's entry \"{SourcePath.Show(name)}\" is a symbolic link. Pack the files themselves (\"zip -r\" without \"-y\").");
            default:
                throw new SourceRefusedException($"The archive's entry \"{SourcePath.Show(name)}\" is a device, pipe or socket: only files and directories are allowed.");
        }
    }
}
