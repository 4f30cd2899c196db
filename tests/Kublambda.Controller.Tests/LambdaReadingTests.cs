using System.Text.Json;

namespace Kublambda.Controller.Tests;

public sealed class LambdaReadingTests
{
    private const string Metadata = """ "metadata":{"name":"x","namespace":"shop","uid":"u","generation":3,"finalizers":["a"]} """;

    private static LambdaReading Read(string members)
    {
        using var json = JsonDocument.Parse("{" + Metadata + "," + members + "}");
        return LambdaApi.Decode(json.RootElement);
    }

    [Fact]
    public void A_status_that_cannot_be_read_is_as_none()
    {
        var reading = Read(""" "spec":{"runtime":"nodejs","source":{}},"status":{"observedGeneration":"many"} """);
        Assert.Null(reading.Error);
        Assert.Equal("nodejs", reading.Lambda.Spec.Runtime);
        Assert.Null(reading.Lambda.Status);
    }

    [Fact]
    public void Of_a_spec_that_cannot_be_read_the_metadata_remains()
    {
        var reading = Read(""" "spec":{"runtime":["nodejs"]} """);
        Assert.NotNull(reading.Error);
        Assert.Equal(("x", 3L, "a"), (reading.Lambda.Metadata.Name, reading.Lambda.Metadata.Generation, reading.Lambda.Metadata.Finalizers[0]));
    }
}
