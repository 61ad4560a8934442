// The prebuilt bundle needs no Node polyfills; its types are the package's own.
declare module 'simple-peer/simplepeer.min.js' {
  import type SimplePeer from 'simple-peer';

  const Peer: SimplePeer.SimplePeer;
  export default Peer;
}
