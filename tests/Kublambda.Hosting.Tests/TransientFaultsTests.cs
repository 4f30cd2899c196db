using System.Net;
using k8s.Autorest;

namespace Kublambda.Hosting.Tests;

public sealed class TransientFaultsTests
{
    private readonly TransientFaults _faults = new();

    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable, true)]
    [InlineData(HttpStatusCode.InternalServerError, true)]
    [InlineData(HttpStatusCode.Conflict, true)]
    [InlineData(HttpStatusCode.TooManyRequests, true)]
    [InlineData(HttpStatusCode.Forbidden, false)]
    [InlineData(HttpStatusCode.UnprocessableEntity, false)]
    [InlineData(HttpStatusCode.NotFound, false)]
    public void An_answer_of_the_API_server_is_transient_by_its_status(HttpStatusCode status, bool transient)
    {
        using var response = new HttpResponseMessage(status);
        Assert.Equal(transient, _faults.IsTransient(new HttpOperationException { Response = new HttpResponseMessageWrapper(response, "") }));
    }

    [Fact]
    public void A_network_fault_inside_another_exception_is_found() =>
        Assert.True(_faults.IsTransient(new InvalidOperationException("outer", new HttpRequestException("inner"))));

    [Fact]
    public void A_fault_of_the_program_is_not_transient() =>
        Assert.False(_faults.IsTransient(new InvalidOperationException("bug")));

    [Fact]
    public void A_service_can_add_what_it_knows()
    {
        _faults.Add(e => e is NotSupportedException);
        Assert.True(_faults.IsTransient(new NotSupportedException()));
    }
}
