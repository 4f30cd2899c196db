using System.Text;
using System.Text.Json;

namespace Kublambda.Registry.Tests;

/// <summary>A credentials file as a Secret of type dockerconfigjson is mounted.</summary>
internal sealed class AuthFile : IDisposable
{
    public string Path { get; } = System.IO.Path.GetTempFileName();

    public static AuthFile For(string host, string user, string password)
    {
        var file = new AuthFile();
        file.Write(host, user, password);
        return file;
    }

    public static AuthFile Of(string text)
    {
        var file = new AuthFile();
        File.WriteAllText(file.Path, text);
        return file;
    }

    public void Write(string host, string user, string password)
    {
        var auth = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
        File.WriteAllText(Path, JsonSerializer.Serialize(new { auths = new Dictionary<string, object> { [host] = new { auth } } }));
    }

    public void Dispose() => File.Delete(Path);
}
