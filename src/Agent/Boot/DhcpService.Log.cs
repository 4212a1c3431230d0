using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Boot;

/// <content>Log lines.</content>
internal sealed partial class DhcpService
{
    [LoggerMessage(LogLevel.Error, "DHCP: a packet of {Source} could not be handled")]
    private partial void LogPacketError(Exception error, string source);

    [LoggerMessage(LogLevel.Warning, "DHCP: {Address} is used by {User}, who has no lease; it is offered to nobody for ten minutes")]
    private partial void LogConflict(string address, string user);

    [LoggerMessage(LogLevel.Information, "DHCP: {Address} of {Mac} was released by an operator")]
    private partial void LogReleased(string address, string mac);

    [LoggerMessage(LogLevel.Debug, "DHCP: {Message} of {Mac}: {Reason}")]
    private partial void LogSilent(DhcpMessageType message, string mac, string reason);

    [LoggerMessage(LogLevel.Error, "DHCP: {Mac} gets no answer, its lease could not be stored: {Error}")]
    private partial void LogStoreError(string mac, string error);

    [LoggerMessage(LogLevel.Warning, "DHCP: the answer to {Mac} could not be sent: {Error}")]
    private partial void LogSendError(string mac, string error);
}
