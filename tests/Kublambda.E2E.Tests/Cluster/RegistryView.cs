using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using k8s;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>Reads the registry by its HTTP API, apart from the code under test.</summary>
public sealed class RegistryView(Uri address) : IDisposable
{
    private static readonly string[] ManifestTypes =
    [
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
    ];

    private readonly HttpClient http = new() { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>REGISTRY_URL, else the node port of the Service <c>registry</c>.</summary>
    public static async Task<RegistryView> OfAsync(IKubernetes api)
    {
        if (Environment.GetEnvironmentVariable("REGISTRY_URL") is { Length: > 0 } url)
            return new(new(url));

        var service = await api.CoreV1.ReadNamespacedServiceAsync("registry", Installation.Namespace);
        var port = service.Spec.Ports.Select(p => p.NodePort).FirstOrDefault(p => p is > 0)
            ?? throw new InvalidOperationException("The registry has no node port that tests could read it by: set REGISTRY_URL.");
        return new(new($"http://127.0.0.1:{port}"));
    }

    /// <summary>Empty where the repository is unknown or has no tags.</summary>
    public async Task<IReadOnlyList<string>> TagsAsync(string repository)
    {
        using var response = await http.GetAsync(new Uri($"/v2/{repository}/tags/list", UriKind.Relative));
        if (response.StatusCode == HttpStatusCode.NotFound)
            return [];

        using var body = await JsonAsync(response);
        return Texts(body, "tags");
    }

    /// <summary>Repositories that have tags; a registry keeps the names of those it has emptied.</summary>
    public async Task<IReadOnlyList<string>> RepositoriesAsync()
    {
        const int page = 500;
        var filled = new List<string>();
        for (var last = ""; ;)
        {
            using var response = await http.GetAsync(new Uri($"/v2/_catalog?n={page}&last={Uri.EscapeDataString(last)}", UriKind.Relative));
            using var body = await JsonAsync(response);
            var names = Texts(body, "repositories");
            foreach (var repository in names)
            {
                if ((await TagsAsync(repository)).Count > 0)
                    filled.Add(repository);
            }

            if (names.Count < page)
                return filled;
            last = names[^1];
        }
    }

    /// <summary>The digest that a tag or digest stands for; null where it is not there.</summary>
    public async Task<string?> DigestAsync(string repository, string reference)
    {
        using var response = await ManifestAsync(repository, reference);
        return response.StatusCode == HttpStatusCode.NotFound
            ? null
            : response.EnsureSuccessStatusCode().Headers.GetValues("Docker-Content-Digest").Single();
    }

    /// <summary>What a node would miss when it pulls this image: empty for an image that pulls.</summary>
    public async Task<IReadOnlyList<string>> MissingAsync(string image)
    {
        var (repository, digest) = Parse(image);
        using var manifest = await ManifestAsync(repository, digest);
        if (manifest.StatusCode == HttpStatusCode.NotFound)
            return [digest];

        using var body = await JsonAsync(manifest);
        var blobs = body.RootElement.GetProperty("layers").EnumerateArray().Append(body.RootElement.GetProperty("config"));
        var missing = new List<string>();
        foreach (var blob in blobs.Select(b => b.GetProperty("digest").GetString()!))
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, new Uri($"/v2/{repository}/blobs/{blob}", UriKind.Relative));
            using var response = await http.SendAsync(request);
            if (!response.IsSuccessStatusCode)
                missing.Add(blob);
        }

        return missing;
    }

    /// <summary><c>host/repository@digest</c> in its parts.</summary>
    public static (string Repository, string Digest) Parse(string image)
    {
        var at = image.IndexOf('@', StringComparison.Ordinal);
        var slash = image.IndexOf('/', StringComparison.Ordinal);
        Assert.True(at > slash && slash > 0, $"{image} does not name an image by host, repository and digest");
        return (image[(slash + 1)..at], image[(at + 1)..]);
    }

    public void Dispose() => http.Dispose();

    private async Task<HttpResponseMessage> ManifestAsync(string repository, string reference)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/v2/{repository}/manifests/{reference}", UriKind.Relative));
        foreach (var type in ManifestTypes)
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(type));
        return await http.SendAsync(request);
    }

    private static async Task<JsonDocument> JsonAsync(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync());

    private static List<string> Texts(JsonDocument body, string name) =>
        body.RootElement.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(item => item.GetString()!)]
            : [];
}
