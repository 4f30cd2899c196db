using System.Buffers.Text;
using System.Text;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Validation;

/// <summary>Rules for <c>spec.source</c>. What is inside an archive is the builder's to judge.</summary>
internal static class SourceRules
{
    private const string Field = "spec.source";

    public static IEnumerable<Problem> Check(SourceSpec source)
    {
        (string Name, bool Set)[] members =
        [
            ("inline", source.Inline is not null), ("zip", source.Zip is not null), ("archive", source.Archive is not null),
            ("git", source.Git is not null), ("image", source.Image is not null),
        ];
        string[] set = [.. members.Where(member => member.Set).Select(member => member.Name)];
        if (set.Length != 1)
        {
            var found = set.Length == 0 ? "no source is given" : $"{string.Join(" and ", set)} are both given";
            return [new Problem(Field, $"{found}: write exactly one of inline, zip, archive, git and image.")];
        }

        return set[0] switch
        {
            "inline" => Inline(source.Inline!.Files),
            "zip" => Zip(source.Zip!),
            "archive" => RemoteSourceRules.Archive(source.Archive!),
            "git" => RemoteSourceRules.Git(source.Git!),
            _ => RemoteSourceRules.Image(source.Image!),
        };
    }

    private static IEnumerable<Problem> Zip(ZipSource zip)
    {
        if (zip.ConfigMap is null == zip.Data is null)
        {
            var found = zip.Data is null ? "neither configMap nor data is given" : "configMap and data are both given";
            yield return new Problem($"{Field}.zip", $"{found}: write exactly one of them.");
        }

        if (zip.ConfigMap is { Name: "" } or { Key: "" })
            yield return new Problem($"{Field}.zip.configMap", "name or key is empty: write the ConfigMap and the key in it that holds the archive.");
        if (zip.Data is { } data && !Base64.IsValid(data))
            yield return new Problem($"{Field}.zip.data", "this is not base64: write the output of `base64 -w0 source.zip` or `base64 -w0 source.tar.gz`.");
    }

    private static IEnumerable<Problem> Inline(IReadOnlyDictionary<string, string>? files)
    {
        const string field = $"{Field}.inline.files";
        if (files is null || files.Count == 0)
        {
            yield return new Problem(field, "there is no file: write at least the module of the handler, for example index.js.");
            yield break;
        }

        if (files.Count > Limits.SourceFiles)
            yield return new Problem(field, $"{files.Count} files are too many: write {Limits.SourceFiles} at most, or use zip.");
        if (files.Values.All(string.IsNullOrWhiteSpace))
            yield return new Problem(field, "every file is empty: write the code of the handler's module.");
        foreach (var path in files.Keys.Order(StringComparer.Ordinal))
        {
            if (WrongWith(path) is { } wrong)
                yield return new Problem(field, $"\"{Shown(path)}\" {wrong}: write a relative path below the source with '/' between its parts, for example lib/orders.js.");
            else if (Parents(path).FirstOrDefault(files.ContainsKey) is { } parent)
                yield return new Problem(field, $"\"{parent}\" is a file and, for \"{path}\", a directory: rename one of them.");
        }
    }

    internal static string? WrongWith(string path)
    {
        if (path.Length == 0)
            return "is empty";
        if (path.Length > Limits.SourcePathLength)
            return $"is longer than {Limits.SourcePathLength} characters";
        if (path.Contains('\\', StringComparison.Ordinal))
            return "has a backslash";
        if (path.Any(char.IsControl))
            return "has a control character";
        if (path.EnumerateRunes().Any(rune => rune == Rune.ReplacementChar))
            return "is not valid Unicode";
        if (path[0] == '/' || (path.Length > 1 && path[1] == ':'))
            return "is absolute";
        string[] parts = path.Split('/');
        if (parts.Contains(".."))
            return "leads out of the source with \"..\"";
        return parts.Any(part => part is "" or ".") ? "has an empty part or \".\"" : null;
    }

    private static IEnumerable<string> Parents(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
            yield return path[..slash];
    }

    internal static string Shown(string path) =>
        string.Concat(path.Take(100).Select(c => char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()));
}
