using System.Globalization;
using System.Text.Json;

namespace Kublambda.Bench;

/// <summary>Where the figures of a run stay.</summary>
internal static class ResultFile
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <returns>Its path: <c>KIND-yyyyMMdd-HHmmss.json</c> in the directory.</returns>
    public static async Task<string> WriteAsync<T>(DirectoryInfo directory, string kind, Machine machine, T report, CancellationToken cancellation)
    {
        directory.Create();
        var file = Path.Combine(directory.FullName, $"{kind}-{machine.At.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(report, Indented) + "\n", cancellation);
        return file;
    }
}
