using System.IO.Compression;
using System.Text;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>Zip archives, good and hostile.</summary>
internal static class Zip
{
    public static byte[] Of(params (string Name, string Content)[] entries) =>
        Write(archive =>
        {
            foreach (var (name, content) in entries)
            {
                using var stream = archive.CreateEntry(name).Open();
                stream.Write(Encoding.UTF8.GetBytes(content));
            }
        });

    /// <summary>A file of zeros: about a thousandth of its size when packed.</summary>
    public static byte[] Bomb(int megabytes) =>
        Write(archive =>
        {
            using (var index = archive.CreateEntry("index.js").Open())
                index.Write("exports.handler = () => 'boom';\n"u8);
            using var stream = archive.CreateEntry("zeros.bin", CompressionLevel.SmallestSize).Open();
            var block = new byte[1024 * 1024];
            for (var i = 0; i < megabytes; i++)
                stream.Write(block);
        });

    private static byte[] Write(Action<ZipArchive> fill)
    {
        using var memory = new MemoryStream();
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
            fill(archive);
        return memory.ToArray();
    }
}
