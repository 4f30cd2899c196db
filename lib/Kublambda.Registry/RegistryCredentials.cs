using System.Text;
using System.Text.Json;

namespace Kublambda.Registry;

/// <summary>A user and password, or an identity token, for one host.</summary>
internal sealed record RegistryCredentials(string User, string Password, string? IdentityToken)
{
    private const int MaxFileBytes = 1024 * 1024;

    /// <summary>The value of a Basic authorization header.</summary>
    public string Basic => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"));

    /// <summary>The file that is read for these options, or null where none is configured.</summary>
    public static string? FileOf(RegistryOptions options) =>
        options.AuthFile ?? (File.Exists(RegistryOptions.DefaultAuthFile) ? RegistryOptions.DefaultAuthFile : null);

    /// <summary>Reads the entry of <see cref="RegistryOptions.PushHost"/>; null where no file is configured.</summary>
    /// <exception cref="InvalidDataException">A file is configured and holds no usable credential for that host.</exception>
    public static RegistryCredentials? Load(RegistryOptions options)
    {
        if (options.AuthConfigs is { } configs)
            return configs.Select(c => Parse(c, options.PushHost)).FirstOrDefault(c => c is not null);
        if (options.AuthFile is { } set && string.IsNullOrWhiteSpace(set))
            throw new InvalidDataException("Registry__AuthFile is present and empty: name a file, or remove the setting to go without credentials.");
        if (FileOf(options) is not { } path)
            return null;
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
                throw new InvalidDataException($"The registry's credentials file {path} does not exist: mount the Secret there, or remove Registry__AuthFile.");
            if (file.Length > MaxFileBytes)
                throw new InvalidDataException($"The registry's credentials file {path} is larger than {MaxFileBytes} bytes.");
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            return Find(json.RootElement, options.PushHost, path, options.EntryOptional);
        }
        catch (JsonException)
        {
            // The parser's words are left out: they could quote the secret.
            throw new InvalidDataException($"The registry's credentials file {path} is empty or no JSON: it has to be in the format of .dockerconfigjson.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"The registry's credentials file {path} cannot be read: {e.Message}");
        }
    }

    private static RegistryCredentials? Parse(string config, string host)
    {
        try
        {
            using var json = JsonDocument.Parse(config);
            return Find(json.RootElement, host, "The Secret of imagePullSecrets", optional: true);
        }
        catch (JsonException)
        {
            throw new InvalidDataException("A Secret of imagePullSecrets is no JSON in the format of .dockerconfigjson.");
        }
    }

    private static RegistryCredentials? Find(JsonElement root, string host, string path, bool optional)
    {
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("auths", out var auths) && auths.ValueKind == JsonValueKind.Object)
        {
            foreach (var entry in auths.EnumerateObject())
            {
                if (string.Equals(Api(HostOf(entry.Name)), Api(host), StringComparison.OrdinalIgnoreCase))
                    return Read(entry.Value, host, path);
            }
        }
        if (optional)
            return null;
        throw new InvalidDataException($"{path} holds no entry for {host} under 'auths' (credential helpers are not supported): add one, or remove the Secret to go without credentials.");
    }

    private static RegistryCredentials Read(JsonElement entry, string host, string path)
    {
        var (user, password) = (Text(entry, "username"), Text(entry, "password"));
        if (Text(entry, "auth") is { } auth)
        {
            var decoded = new byte[auth.Length];
            if (!Convert.TryFromBase64String(auth, decoded, out var length))
                throw new InvalidDataException($"The entry for {host} in {path}: 'auth' is not base64 of user:password.");
            var pair = Encoding.UTF8.GetString(decoded, 0, length);
            var colon = pair.IndexOf(':', StringComparison.Ordinal);
            (user, password) = colon < 0 ? (pair, "") : (pair[..colon], pair[(colon + 1)..]);
        }
        var token = Text(entry, "identitytoken");
        if (string.IsNullOrEmpty(token) && (string.IsNullOrEmpty(user) || string.IsNullOrEmpty(password)))
            throw new InvalidDataException($"The entry for {host} in {path} is present and has no user or no password.");
        return new RegistryCredentials(user ?? "", password ?? "", string.IsNullOrEmpty(token) ? null : token);
    }

    private static string? Text(JsonElement entry, string name) =>
        entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    // Docker Hub has three names.
    private static string Api(string host) => host is "index.docker.io" or "docker.io" ? "registry-1.docker.io" : host;

    /// <summary>Keys are hosts, or URLs as docker login writes them for Docker Hub.</summary>
    private static string HostOf(string key)
    {
        var scheme = key.IndexOf("://", StringComparison.Ordinal);
        var rest = scheme < 0 ? key : key[(scheme + 3)..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? rest : rest[..slash];
    }
}
