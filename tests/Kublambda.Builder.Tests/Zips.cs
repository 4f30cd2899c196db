using System.Buffers.Binary;
using System.IO.Compression;

namespace Kublambda.Builder.Tests;

/// <summary>Makes zip archives, sound and hostile ones.</summary>
internal static class Zips
{
    private const int CentralHeader = 0x02014b50;
    private const int LocalHeader = 0x04034b50;

    public static byte[] Of(params (string Name, string Content)[] files) => Of([.. files.Select(f => (f.Name, System.Text.Encoding.UTF8.GetBytes(f.Content), 0))]);

    /// <param name="files">Name, content and Unix mode of each.</param>
    public static byte[] Of(IEnumerable<(string Name, byte[] Content, int Mode)> files)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content, mode) in files)
            {
                var entry = archive.CreateEntry(name);
                entry.ExternalAttributes = mode << 16;
                using var to = entry.Open();
                to.Write(content);
            }
        }

        return stream.ToArray();
    }

    /// <summary>Sets the flag "encrypted" of all entries.</summary>
    public static byte[] Encrypted(byte[] zip) => Patch(zip, (header, central) => header[central ? 8 : 6] |= 1);

    /// <summary>Changes the stated unpacked size of all entries.</summary>
    public static byte[] WithStatedSize(byte[] zip, uint size) =>
        Patch(zip, (header, central) => BinaryPrimitives.WriteUInt32LittleEndian(header[(central ? 24 : 22)..], size));

    /// <summary>Changes the stated checksum of all entries.</summary>
    public static byte[] WithStatedChecksum(byte[] zip, uint crc) =>
        Patch(zip, (header, central) => BinaryPrimitives.WriteUInt32LittleEndian(header[(central ? 16 : 14)..], crc));

    private delegate void Change(Span<byte> header, bool central);

    private static byte[] Patch(byte[] zip, Change change)
    {
        var copy = zip.ToArray();
        for (var i = 0; i + 4 <= copy.Length; i++)
        {
            var signature = BinaryPrimitives.ReadInt32LittleEndian(copy.AsSpan(i));
            if (signature is CentralHeader or LocalHeader)
                change(copy.AsSpan(i), signature == CentralHeader);
        }

        return copy;
    }
}
