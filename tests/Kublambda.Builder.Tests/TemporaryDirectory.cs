namespace Kublambda.Builder.Tests;

internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("kublambda-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
