using System.Diagnostics;

namespace Kublambda.Builder.ClusterTests;

/// <summary>A file system of half a megabyte, to be filled; gone on dispose.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _directory;

    private SmallDisk(string directory) => _directory = directory;

    private string Filler => Path.Combine(_directory, "filler");

    public static async Task<SmallDisk> MountAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", directory);
        return new SmallDisk(directory);
    }

    public void Fill()
    {
        using var file = File.Create(Filler);
        try
        {
            while (true)
                file.Write(new byte[4096]);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    public void Free() => File.Delete(Filler);

    public async ValueTask DisposeAsync() => await RunAsync("umount", "-l", _directory);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
